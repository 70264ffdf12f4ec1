import { mount } from 'svelte';
import App from './App.svelte';
import { setEmotionColours } from './emotions.ts';
import { showTheme } from './state/settings.svelte.ts';

showTheme();
setEmotionColours();
mount(App, { target: document.getElementById('app')! });
