/** What there is to know of a corpus before one has it. */
export interface CorpusEntry {
  /** As `--corpus` and `readCorpus` take it. */
  readonly name: string;
  readonly title: string;
  readonly language: string;
  /** Recordings that MARS reads, those left out as faulty included. */
  readonly clips: number;
  readonly speakers: number;
  readonly emotions: number;
  readonly licence: string;
  /** Where it is, for people. */
  readonly source: string;
  /** Megabytes that `mars corpus get` fetches; null where it cannot, and `source` says what to do. */
  readonly downloadMb: number | null;
  readonly citation: string;
}

const ENTRIES = {
  ravdess: {
    title: 'RAVDESS, speech and song',
    language: 'English (North America)',
    clips: 2452,
    speakers: 24,
    emotions: 8,
    licence: 'CC BY-NC-SA 4.0',
    source: 'https://zenodo.org/records/1188976',
    downloadMb: 430,
    citation:
      'Livingstone & Russo 2018, The Ryerson Audio-Visual Database of Emotional Speech and Song (RAVDESS), ' +
      'PLoS ONE 13(5), doi 10.1371/journal.pone.0196391',
  },
  'crema-d': {
    title: 'CREMA-D',
    language: 'English (North America)',
    clips: 7442,
    speakers: 91,
    emotions: 6,
    licence: 'ODbL 1.0',
    source: 'https://github.com/CheyneyComputerScience/CREMA-D',
    downloadMb: 600,
    citation:
      'Cao, Cooper, Keutmann, Gur, Nenkova & Verma 2014, CREMA-D: Crowd-sourced Emotional Multimodal Actors Dataset, ' +
      'IEEE Transactions on Affective Computing 5(4), doi 10.1109/TAFFC.2014.2336244',
  },
  tess: {
    title: 'TESS',
    language: 'English (Canada)',
    clips: 2800,
    speakers: 2,
    emotions: 7,
    licence: 'CC BY-NC-ND 4.0',
    source: 'https://doi.org/10.5683/SP2/E8H2MF',
    downloadMb: 270,
    citation:
      'Pichora-Fuller & Dupuis 2020, Toronto emotional speech set (TESS), Borealis, doi 10.5683/SP2/E8H2MF',
  },
  savee: {
    title: 'SAVEE',
    language: 'English (Britain)',
    clips: 480,
    speakers: 4,
    emotions: 7,
    licence: 'for research, after registration',
    source: 'http://kahlan.eps.surrey.ac.uk/savee/ (register there; then unpack AudioData.zip)',
    downloadMb: null,
    citation: 'Haq & Jackson 2009, Speaker-dependent audio-visual emotion recognition, AVSP 2009',
  },
  emodb: {
    title: 'EMO-DB',
    language: 'German',
    clips: 454,
    speakers: 10,
    emotions: 6,
    licence: "not stated; free for research by its authors' word",
    source: 'http://emodb.bilderbar.info/ (download.zip; then unpack it)',
    downloadMb: null,
    citation:
      'Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss 2005, A database of German emotional speech, Interspeech 2005',
  },
} as const satisfies Readonly<Record<string, Omit<CorpusEntry, 'name'>>>;

export type CorpusName = keyof typeof ENTRIES;

/** Every corpus that MARS reads by its own file names. */
export const CORPUS_CATALOGUE: readonly CorpusEntry[] = Object.entries(ENTRIES).map(([name, entry]) => ({
  name,
  ...entry,
}));

/** Their names, as `--corpus NAME=DIR` takes them. */
export const CORPORA: readonly string[] = Object.keys(ENTRIES);
