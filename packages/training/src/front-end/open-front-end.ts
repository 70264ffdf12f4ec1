import { float32, input, Session, writeGraph } from '@mars/autograd';
import { featureWidth, type TrunkSettings } from '../features/settings.ts';
import { frontEnd } from './front-end.ts';

/** Waveforms to vectors, by the very graph that a model file contains. */
export interface FrontEnd {
  /** Numbers in a vector. */
  readonly width: number;
  /** The vector of one recording, mono at the settings' rate, played `speed` times as fast (1). */
  run(samples: Float32Array, speed?: number): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/**
 * Makes a front end ready to run on one thread; each speed is compiled when it is first asked for.
 *
 * Errors: `run` rejects with `CONFIG_INVALID` for a speed that the trunk cannot hear at.
 *
 * @example
 * const frontEnd = openFrontEnd(yamnetSettings.parse({ kind: 'yamnet' }));
 * const vector = await frontEnd.run(samples, 1.1); // 3072 numbers
 * await frontEnd.dispose();
 */
export function openFrontEnd(settings: TrunkSettings): FrontEnd {
  const sessions = new Map<number, Promise<Session>>();
  const sessionAt = (speed: number) => {
    let session = sessions.get(speed);
    if (session === undefined) sessions.set(speed, (session = compile(settings, speed)));
    return session;
  };
  return {
    width: featureWidth(settings),
    run: async (samples, speed = 1) => {
      const session = await sessionAt(speed);
      const { vector } = await session.run({ waveform: float32(samples, [1, samples.length]) });
      return vector.data as Float32Array;
    },
    dispose: async () => {
      const open = await Promise.allSettled(sessions.values());
      sessions.clear();
      for (const session of open) if (session.status === 'fulfilled') await session.value.dispose();
    },
  };
}

async function compile(settings: TrunkSettings, speed: number): Promise<Session> {
  const waveform = input('waveform', ['batch', 'samples']);
  const graph = writeGraph({ vector: frontEnd(waveform, settings, { speed }) }, { name: settings.kind });
  return Session.create(graph, { threads: 1 });
}
