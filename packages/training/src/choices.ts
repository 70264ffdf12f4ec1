export { CORPORA, CORPUS_CATALOGUE, type CorpusEntry } from './corpora/catalogue.ts';
export { PRESET_NAMES } from './preset-names.ts';
export { parseProtocol, PROTOCOL_DESCRIPTIONS } from './splits/protocols.ts';
