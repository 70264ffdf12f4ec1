import type { Calibration, ModelMetadata } from '@mars/core';
import { readableParts, type ChangeFigures, type ExperimentReport } from './experiment-report.ts';
import { confusionMetrics } from './metrics.ts';
import type { Interval } from './bootstrap.ts';
import type { TrainConfig } from './config.ts';
import { trainingCorpora } from './export.ts';
import { isTrunk, trunksOf, type SingleTrunkSettings } from './features/settings.ts';
import { TRUNKS } from './pretrained/trunks.ts';
import type { RunDescription } from './run.ts';
import { testsNothing } from './splits/protocols.ts';

/** The model card as Markdown: what it was trained on, what it reaches, where it fails, what it must not be used for. */
export function writeCard(
  metadata: ModelMetadata,
  run: RunDescription,
  reports: readonly ExperimentReport[],
): string {
  const { config, clips, seed, protocol } = run;
  return `# ${metadata.name}

${summary(reports)}

${metadata.card}

## What it is

${describeNetwork(config)}
It gives one score for each of: ${metadata.labels.join(', ')}.

## Training

- Data: ${metadata.trainedOn}.
- Recipe: ${describeRecipe(config)}, seed ${seed}.
- Every training clip in ${config.variants.length} versions (${config.variants.map(({ name, kind }) => name ?? kind).join(', ')}); validation and test clips as recorded.
- ${clips.train.length} clips trained, ${clips.validation.length} validated (${validationServed(config, protocol)}), ${describeTest(clips.test.length, protocol)}.
- Trained by MARS's own engine, in TypeScript.

## Figures

${reports.map(figuresOf).join('\n\n')}

## Limits

${limits(run)
  .map((limit) => `- ${limit}`)
  .join('\n')}
- Other languages, children, illness, ${realConditions(config)} and several voices at once were not trained and not measured.
- ${describeCalibration(metadata.calibration)}

## Must not be used

- To infer emotions of people at work or in education: prohibited in the European Union (AI Act, Article 5(1)(f)).
- Without telling the people who are heard (AI Act, Article 50).
- As a lie detector, as a diagnosis, or to decide about a person.

## Licence

${metadata.licence}.
${trainingCorpora(clips.train)
  .flatMap(({ citation }) => (citation === undefined ? [] : [`\n- ${citation}.`]))
  .join('')}
`;
}

function describeRecipe(config: TrainConfig): string {
  if (config.network.kind === 'kernel') {
    const ridges = [config.network.ridge].flat();
    const choice = ridges.length > 1 ? ', as validation chose' : '';
    return `fitted in closed form, not by steps (ridge ${ridges.join(' or ')}${choice}), the labels weighing alike`;
  }
  const { epochs, batchSize, learningRate, weightDecay, labelSmoothing, mixupAlpha } = config;
  return [
    `${epochs} epochs`,
    `batches of ${batchSize}`,
    `${weightDecay > 0 ? `AdamW (weight decay ${weightDecay})` : 'Adam'}, learning rate ${learningRate} with half a cosine down to 0`,
    ...(labelSmoothing > 0 ? [`label smoothing ${labelSmoothing}`] : []),
    ...(mixupAlpha === undefined ? [] : [`mixup (alpha ${mixupAlpha})`]),
  ].join(', ');
}

function describeTest(clips: number, protocol: string): string {
  return clips > 0
    ? `${clips} tested (protocol ${protocol})`
    : 'none tested: the figures are those of the same recipe without the speakers or clips that it was tested on';
}

/** What was decided by looking at validation clips. */
function validationServed({ patience, network }: TrainConfig, protocol: string): string {
  const fitted = testsNothing(protocol)
    ? 'temperature and threshold are the medians of those that were fitted on the validation clips of the folds below'
    : 'temperature and threshold were fitted on them';
  if (network.kind === 'kernel')
    return `${fitted}; the weights were fitted after that, on these and those trained`;
  return patience === undefined
    ? `${fitted}, no weights were chosen by them`
    : `${fitted} and the epoch was chosen by them`;
}

/** What is not in studios. */
function realConditions({ variants }: TrainConfig): string {
  return variants.some(({ kind }) => kind === 'telephone') ? 'real noise' : 'real noise, telephones';
}

/** Where what was learnt ends. */
function limits({ config, clips, protocol }: RunDescription): string[] {
  const onlyRavdess = trainingCorpora(clips.train).every(({ name }) => name === 'ravdess');
  return [
    onlyRavdess
      ? "Actors' voices: two English sentences, North American actors, a studio. Feelings in daily life sound different."
      : 'Acted voices, in studios. Feelings in daily life sound different.',
    ...(protocol === 'seed'
      ? [
          'Disgust and surprise stand in speech only, so that song can give them away: read speech and song apart.',
        ]
      : []),
    ...(isTrunk(config.features)
      ? []
      : [
          'Loudness counts: levels are not normalised, as in the recipe, and a recording louder than the corpus tends towards anger.',
        ]),
  ];
}

/** What a confidence may be taken for. */
function describeCalibration(calibration: Calibration | null): string {
  if (calibration === null) {
    return "The scores are not calibrated: a confidence of 0.9 is not right nine times out of ten for a stranger's voice.";
  }
  const { temperature, threshold } = calibration;
  return (
    `The scores are calibrated on the validation clips (temperature ${temperature.toFixed(2)}), so on voices like the corpus's. ` +
    (threshold > 0
      ? `A confidence below ${threshold.toFixed(2)} is called uncertain.`
      : 'No confidence is called uncertain.')
  );
}

/** What is inside the file, from the waveform to the scores. */
function describeNetwork({ features, network, frames, testSpeeds, projection }: TrainConfig): string {
  const head =
    network.kind === 'seed'
      ? `a network of the seed's design (Conv1D, Conv1D, ${network.bidirectional ? 'bidirectional ' : ''}GRU, ` +
        `${network.pooling === 'attention' ? 'attention' : 'mean over time'}, dense softmax)`
      : network.kind === 'head'
        ? `one hidden layer of ${network.hiddenSize} units and a softmax`
        : `a kernel machine (kernel ridge regression on the ${projection?.components ?? 'many'} directions of the vector in which ` +
          `emotion shows, ${network.centres} centres) and a softmax`;
  if (isTrunk(features)) {
    const speeds =
      testSpeeds.length > 1
        ? `scores are averaged over the speeds ${testSpeeds.join(', ')}.`
        : `it is heard ${testSpeeds[0]} times as fast.`;
    return (
      `The waveform at ${features.sampleRate} Hz, its peak brought to one level, runs through ${trunksOf(features).map(describeTrunk).join('\nand through ')},\n` +
      `and is read by ${head}; ${speeds}`
    );
  }
  const { sampleRate, nFft, hopLength, nMels } = features;
  const what =
    features.kind === 'mfcc' ? `${features.nMfcc} MFCCs per frame` : 'a mel spectrogram in decibels';
  return (
    `The waveform at ${sampleRate} Hz becomes ${what} (librosa's definition: n_fft ${nFft}, hop ${hopLength}, ` +
    `${nMels} mel bands),\nread by ${head}. Shorter clips are padded to ${frames} frames; longer ones are read whole.`
  );
}

function describeTrunk(settings: SingleTrunkSettings): string {
  const { name, licence } = TRUNKS[settings.kind];
  const layers =
    settings.kind === 'yamnet'
      ? `the lower ${settings.layer} layers of ${name}\n(trained by Google on AudioSet`
      : `the first layers of the encoder of ${name} tiny\n(trained by Useful Sensors on speech recognition`;
  return `${layers}, ${licence}; frozen), pooled over the steps within ${settings.topDb} dB of the loudest`;
}

const CROSS_CAVEAT = `
\`cross\` tests a corpus on models that heard none of it: that is what a voice in another room, on another microphone, may expect.`;

const SPEAKERS_CAVEAT = `
\`speakers\` tests voices never heard as well, of corpora of which others were heard in the same rooms.`;

const SEED_CAVEAT = `
The random split of \`seed\` has the same actors on both sides: it says how well voices that were heard are recognised.`;

/** The figures in one look, and what they can say. */
function summary(reports: readonly ExperimentReport[]): string {
  const has = (wanted: string) => reports.some(({ protocol }) => protocol.startsWith(wanted));
  const rows = reports.map(
    ({ protocol, trainedOn = [], overSeeds: { accuracy, uar, macroF1 } }) =>
      `| \`${protocol}\` | ${trainedOn.join(', ')} | ${percent(accuracy.mean)} | ${percent(uar.mean)} | ${percent(macroF1.mean)} |`,
  );
  return `Only the figure of \`emobox\`, whose actors were never heard in training, says something about a stranger's voice${
    has('emobox') ? '' : ', and it was not measured here'
  }.${has('speakers') ? SPEAKERS_CAVEAT : ''}${has('cross') ? CROSS_CAVEAT : ''}${has('seed') ? SEED_CAVEAT : ''}

| protocol, % | corpora trained on | accuracy | UAR | macro F1 |
|---|---|---|---|---|
${rows.join('\n')}`;
}

const FIGURES = [
  ['accuracy', 'accuracy'],
  ['uar', 'UAR'],
  ['macroF1', 'macro F1'],
  ['weightedF1', 'weighted F1'],
  ['ece', 'ECE'],
  ['brier', 'Brier score (of at most 200)'],
  ['aurc', 'AURC'],
  ['coverage', 'coverage: not "uncertain"'],
  ['selectiveAccuracy', 'accuracy of those'],
] as const;

function figuresOf({
  protocol,
  trainedOn,
  labels,
  trainings,
  overSeeds,
  overTrainings,
  overClips,
  overSpeakers,
  groups,
  confusion,
  changes,
  failures,
}: ExperimentReport) {
  const seeds = new Set(trainings.map(({ seed }) => seed)).size;
  const folds = trainings.length / seeds;
  const intervals: Partial<Record<string, Interval>> = overSpeakers ?? {};
  const rows = FIGURES.flatMap(([key, title]) => {
    const [seed, training] = [overSeeds[key], overTrainings[key]];
    if (!seed || !training) return [];
    const interval = intervals[key];
    const between = interval ? `${percent(interval.low)} to ${percent(interval.high)}` : '–';
    return `| ${title} | ${percent(seed.mean)} | ${between} | ${spread(seed.sd, seeds)} | ${spread(training.sd, trainings.length)} |`;
  });
  const parts = readableParts(groups).map(
    ({ name, clips, accuracy, uar, macroF1 }) =>
      `| ${name} | ${clips} | ${percent(accuracy)} | ${percent(uar)} | ${percent(macroF1)} |`,
  );
  const speakers = groups.speaker.toSorted((a, b) => a.uar - b.uar);
  const extremes = [speakers[0], speakers.at(-1)!].map(({ name, uar }) => `${name} ${percent(uar)}`);
  const { perClass } = confusionMetrics(confusion, labels);
  return `### Protocol \`${protocol}\`: ${folds} fold(s) × ${seeds} seed(s)${trainedOn ? `, trained on ${trainedOn.join(', ')}` : ''}
${failures > 0 ? `\nLeft out because they could not be used: ${failures} recording(s).\n` : ''}
| figure, % | mean | 95 % over speakers | sd over seeds | sd over trainings |
|---|---|---|---|---|
${rows.join('\n')}
${
  overClips
    ? `
All test clips of a seed together, each as the model of its fold hears it: ECE ${percent(overClips.ece.mean)}, accuracy of the surest 80 % ${percent(overClips.accuracyAt80.mean)}.
`
    : ''
}
| part | clips | accuracy | UAR | macro F1 |
|---|---|---|---|---|
${parts.join('\n')}

Of ${speakers.length} speakers, by UAR: ${extremes.join(' (worst) to ')} (best).

| emotion | precision | recall | F1 | clips | ${labels.map((label) => `→ ${label}`).join(' | ')} |
|---|---|---|---|---|${labels.map(() => '---').join('|')}|
${perClass
  .map(
    ({ label, precision, recall, f1, support }, k) =>
      `| ${label} | ${percent(precision)} | ${percent(recall)} | ${percent(f1)} | ${support} | ${confusion[k].join(' | ')} |`,
  )
  .join('\n')}${changes ? `\n\n${describeChanges(changes)}` : ''}`;
}

function describeChanges(changes: readonly ChangeFigures[]): string {
  const rows = changes.map(
    ({ change, kept, keptOfSure, accuracy }) =>
      `| ${change} | ${percent(kept)} | ${keptOfSure === undefined ? '–' : percent(keptOfSure)} | ${percent(accuracy)} |`,
  );
  return `The same clips changed, and how many keep their emotion:

| change | kept | of those not "uncertain" | accuracy |
|---|---|---|---|
${rows.join('\n')}`;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

function spread(sd: number, count: number): string {
  return count > 1 ? percent(sd) : '–';
}
