export const MODES = ['files', 'live', 'voice'] as const;

export type Mode = (typeof MODES)[number];

/** The mode that an address names behind its "#". */
export function modeOf(hash: string): Mode | undefined {
  return MODES.find((mode) => hash === `#${mode}`);
}
