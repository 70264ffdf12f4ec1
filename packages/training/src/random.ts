// One generator serves the engine and the corpus work: see packages/autograd/src/random.ts.
export { createRandom, type Random } from '@mars/autograd';
