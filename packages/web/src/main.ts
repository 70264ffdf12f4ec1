import { mount } from 'svelte';
import App from './App.svelte';
import { setEmotionColours } from './emotions.ts';
import { engine } from './state/engine.ts';
import { showTheme } from './state/settings.svelte.ts';
import './styles.css';

showTheme();
setEmotionColours();
// The model loads while the person looks around; if it fails, the first recording says so.
engine.load().catch(() => undefined);
mount(App, { target: document.getElementById('app')! });
