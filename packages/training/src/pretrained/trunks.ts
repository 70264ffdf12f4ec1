import { readFileSync } from 'node:fs';
import { trunksOf, type SingleTrunkSettings, type TrunkSettings } from '../features/settings.ts';

/** The networks of others whose first layers are here. */
export const TRUNKS = {
  yamnet: { name: 'YAMNet', licence: 'Apache-2.0' },
  moonshine: { name: 'Moonshine', licence: 'MIT' },
} as const satisfies Record<SingleTrunkSettings['kind'], { name: string; licence: string }>;

/** What a model file with the trunks' weights is accompanied by. */
export function readTrunkNotice(features: TrunkSettings): string {
  return trunksOf(features)
    .map(({ kind }) => readFileSync(new URL(`${kind}.NOTICE`, import.meta.url), 'utf8'))
    .join('\n----\n\n');
}
