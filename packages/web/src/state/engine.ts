import { openEngine } from '../engine/engine-client.ts';

/** The page's one engine: all that listens shares the model. */
export const engine = openEngine();
