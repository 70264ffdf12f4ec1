import { prepare } from './state/readiness.svelte.ts';

// The recogniser has the longest way to go: it sets out before there is anything to see.
void prepare();
await import('./page.ts');
