import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { ready } from './lib/i18n.svelte';

/** Set once the page came anew for a missing chunk: if that did not help, coming again will not. */
const RENEWED = 'marquee:renewed';
/** ms in which a second missing chunk is of the same trouble. */
const TROUBLE = 60_000;

// A part of a page that was open while the server was replaced is no longer there: the page comes anew, with its place.
addEventListener('vite:preloadError', (event) => {
  const before = Number(sessionStorage.getItem(RENEWED));
  if (Date.now() - before < TROUBLE) return;
  event.preventDefault();
  sessionStorage.setItem(RENEWED, String(Date.now()));
  location.reload();
});

await ready;
const target = document.getElementById('app');
if (target !== null) mount(App, { target });
