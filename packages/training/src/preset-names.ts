/** The configurations that MARS brings along, apart from them: a help text that names them loads no trainer. */
export const PRESET_NAMES = ['seed', 'transfer', 'flagship'] as const;

export type PresetName = (typeof PRESET_NAMES)[number];
