import { expect, test } from 'vitest';
import { syntheticVoice } from '../../../core/test/synthetic-voice.ts';
import { featureSettings, featureWidth, trunksOf, type TrunkSettings } from '../features/settings.ts';
import { openFrontEnd } from './open-front-end.ts';

const fusion = featureSettings.parse({
  kind: 'fusion',
  parts: [
    { trunk: { kind: 'moonshine' } },
    { trunk: { kind: 'yamnet', layer: 4, means: false, deviationsOf: [4] }, weight: 0.5 },
  ],
}) as TrunkSettings;

async function vectorOf(settings: TrunkSettings, samples: Float32Array, speed: number) {
  const frontEnd = openFrontEnd(settings);
  const vector = await frontEnd.run(samples, speed);
  await frontEnd.dispose();
  return vector;
}

test('a fusion hears with each trunk what it hears alone, at the same speed', async () => {
  const voice = syntheticVoice(' saisou ');
  const parts = [];
  for (const trunk of trunksOf(fusion)) parts.push(...(await vectorOf(trunk, voice, 1.25)));
  const together = await vectorOf(fusion, voice, 1.25);
  expect(together).toHaveLength(featureWidth(fusion));
  expect(together).toEqual(Float32Array.from(parts));
});
