import { readFileSync } from 'node:fs';
import type { TrunkSettings } from '../features/settings.ts';

/** The networks of others whose first layers are here. */
export const TRUNKS = {
  yamnet: { name: 'YAMNet', licence: 'Apache-2.0' },
  moonshine: { name: 'Moonshine', licence: 'MIT' },
} as const satisfies Record<TrunkSettings['kind'], { name: string; licence: string }>;

/** What a model file with a trunk's weights is accompanied by. */
export function readTrunkNotice(kind: TrunkSettings['kind']): string {
  return readFileSync(new URL(`${kind}.NOTICE`, import.meta.url), 'utf8');
}
