import { mount } from 'svelte';
import Plain from './Plain.svelte';

const target = document.getElementById('app');
if (target !== null) mount(Plain, { target });
