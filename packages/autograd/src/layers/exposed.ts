import type { Layer } from '../network.ts';

/** Hands on what comes, and makes it an output of the inference graph under that name. */
export function exposed(name: string): Layer {
  return {
    forward: (x, { expose }) => {
      expose(name, x);
      return x;
    },
  };
}
