import { mount } from 'svelte';
import App from './App.svelte';
import { setEmotionColours } from './emotions.ts';
import { prepare } from './state/readiness.svelte.ts';
import { showTheme } from './state/settings.svelte.ts';

showTheme();
setEmotionColours();
void prepare();
mount(App, { target: document.getElementById('app')! });
