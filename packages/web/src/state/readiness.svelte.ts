import { keepForOffline } from '../offline.ts';
import type { ModelFacts } from '../engine/engine.ts';
import { engine } from './engine.ts';

/** What the page can do by now. */
export const readiness = $state<{
  /** Once it is ready a verdict comes at once. A failure is not for ever: the first recording tries again, and tells. */
  engine: 'loading' | 'ready' | 'failed';
  /** What the model says of itself, once it is ready. */
  model: ModelFacts | undefined;
  /** Whether the page opens without a network; `failed` where it should, and could not be kept. */
  offline: boolean | 'failed';
  /** There once a newer page is: shows that one instead of this. */
  update: (() => void) | undefined;
}>({ engine: 'loading', model: undefined, offline: false, update: undefined });

/** An hour may be the first that is heard: the page is then kept all the same. */
const MOST_PATIENCE_MS = 10_000;

/**
 * Loads the model while the person looks around; what the page is made of is kept after that, and after a recording that
 * came meanwhile, not at the same time.
 */
export async function prepare(): Promise<void> {
  await engine.load().then(
    (model) => Object.assign(readiness, { engine: 'ready', model }),
    () => (readiness.engine = 'failed'),
  );
  document.documentElement.dataset['engine'] = readiness.engine;
  await Promise.race([engine.idle(), new Promise((resolve) => setTimeout(resolve, MOST_PATIENCE_MS))]);
  await keepForOffline({
    onReady: () => (readiness.offline = true),
    onUpdate: (takeOver) => (readiness.update = takeOver),
    onFailure: () => (readiness.offline = 'failed'),
  });
}
