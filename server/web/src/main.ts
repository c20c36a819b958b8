import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { ready } from './lib/i18n.svelte';

await ready;
const target = document.getElementById('app');
if (target !== null) mount(App, { target });
