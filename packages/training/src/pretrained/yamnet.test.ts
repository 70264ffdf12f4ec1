import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readSafetensorsMetadata } from '../features/safetensors.ts';
import { loadYamnet, YAMNET_FILE } from './yamnet.ts';

test('layers 1 to 7 are there, in their shapes', () => {
  const convolutions = loadYamnet();
  expect([...convolutions].map(([name, { shape }]) => `${name} ${shape.join('×')}`)).toEqual([
    'layer1.conv 32×1×3×3',
    'layer2.depthwise 32×1×3×3',
    'layer2.pointwise 64×32×1×1',
    'layer3.depthwise 64×1×3×3',
    'layer3.pointwise 128×64×1×1',
    'layer4.depthwise 128×1×3×3',
    'layer4.pointwise 128×128×1×1',
    'layer5.depthwise 128×1×3×3',
    'layer5.pointwise 256×128×1×1',
    'layer6.depthwise 256×1×3×3',
    'layer6.pointwise 256×256×1×1',
    'layer7.depthwise 256×1×3×3',
    'layer7.pointwise 512×256×1×1',
  ]);
  for (const { values, shape, scale, bias } of convolutions.values()) {
    expect(values).toBeInstanceOf(Int8Array);
    expect([scale.length, bias.length]).toEqual([shape[0], shape[0]]);
    expect(Math.min(...scale)).toBeGreaterThan(0);
  }
});

test('the file says whose they are, as NOTICE does', () => {
  const { licence, tflite_sha256: sha256 } = readSafetensorsMetadata(
    new Uint8Array(readFileSync(YAMNET_FILE)),
  );
  const notice = readFileSync(new URL('yamnet.NOTICE', YAMNET_FILE), 'utf8');
  expect(licence).toBe('Apache-2.0');
  expect(notice).toContain(sha256);
  expect(notice).toContain('Apache License, Version 2.0');
});
