import { ERROR_CODES } from '@mars/core';
import { z } from 'zod';

/** The schemas that have a name in the OpenAPI document. */
export const apiSchemas = z.registry<{ id: string; description: string }>();

const seconds = z.number().nonnegative();
const probability = z.number().min(0).max(1);

/** What may be asked about a recording; all of it may be left out. */
export const classifyConfig = z
  .strictObject({
    timeline: z
      .boolean()
      .optional()
      .describe('Where in the recording which emotion is, instead of one verdict on the whole (false).'),
    top: z.int().min(1).max(100).optional().describe('So many of the likeliest scores (all of them).'),
    explain: z
      .boolean()
      .optional()
      .describe(
        'What the score rests on (false): of 30 s at most, at some 30 times the cost. Not with timeline.',
      ),
    startSec: seconds.optional().describe('Where the part begins that is explained (with the recording).'),
    endSec: seconds.optional().describe('Where it ends (with the recording).'),
    windowSec: z
      .number()
      .positive()
      .optional()
      .describe('Of a timeline: longer utterances are measured in windows.'),
    hopSec: z.number().positive().optional().describe('Of a timeline: from one window to the next.'),
    minSilenceSec: seconds.optional().describe('Of a timeline: the silence that ends an utterance.'),
    oneSpeaker: z
      .boolean()
      .optional()
      .describe('Of a timeline: one person speaks, and each utterance tells of the voice (false).'),
    channels: z
      .enum(['mix', 'split'])
      .optional()
      .describe(
        '"mix": the mean of the channels; "split": a result for each, as of the two sides of a call (mix).',
      ),
    profile: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .optional()
      .describe('What "mars calibrate" or the page has learnt of the person who speaks, as the file has it.'),
  })
  .register(apiSchemas, { id: 'ClassifyConfig', description: 'What is asked about a recording.' });

export type ClassifyConfig = z.infer<typeof classifyConfig>;

const score = z
  .strictObject({ label: z.string(), score: probability })
  .register(apiSchemas, { id: 'Score', description: 'How likely a label is.' });

const heard = {
  verdict: z
    .enum(['emotion', 'uncertain', 'no-speech'])
    .describe('"uncertain": below the calibrated threshold; "emotion" still names the best guess.'),
  emotion: z.string().nullable().describe('null where nobody speaks'),
  confidence: probability.describe('the score of "emotion"'),
  scores: z.array(score).describe('the highest first; all labels sum to 1'),
  knownVoice: z
    .strictObject({ profileClips: z.int().nonnegative(), utterances: z.int().nonnegative() })
    .optional()
    .describe('what the verdict knew of the voice, where it did'),
};

const contribution = z.number().describe('by how much the score falls without it');

const explanation = z
  .strictObject({
    emotion: z.string(),
    score: probability,
    stretches: z.array(z.strictObject({ startSec: seconds, endSec: seconds, contribution })),
    bands: z.array(z.strictObject({ lowHz: z.number(), highHz: z.number(), contribution })),
    attention: z
      .array(z.strictObject({ startSec: seconds, endSec: seconds, weight: z.number() }))
      .optional()
      .describe('where the model looked, if it is one that attends'),
  })
  .register(apiSchemas, { id: 'Explanation', description: 'What a score rests on.' });

const verdict = z
  .strictObject({
    durationSec: seconds,
    ...heard,
    explanation: explanation.nullable().optional().describe('with "explain"; null where nobody speaks'),
  })
  .register(apiSchemas, { id: 'Verdict', description: 'What was heard in a recording.' });

const segment = z
  .strictObject({ startSec: seconds, endSec: seconds, ...heard })
  .register(apiSchemas, { id: 'Segment', description: 'A stretch of speech with one verdict.' });

const timeline = z
  .strictObject({
    durationSec: seconds,
    segments: z.array(segment),
    summary: z.strictObject({
      speechSec: seconds,
      shares: z.array(z.strictObject({ emotion: z.string(), share: probability })),
      uncertainShare: probability,
      changes: z.array(z.strictObject({ atSec: seconds, from: z.string(), to: z.string() })),
      strongest: z.array(
        z.strictObject({ emotion: z.string(), startSec: seconds, endSec: seconds, confidence: probability }),
      ),
    }),
  })
  .register(apiSchemas, { id: 'Timeline', description: 'Where in a recording which emotion is.' });

const channels = z.strictObject({ channels: z.array(z.union([verdict, timeline])) }).register(apiSchemas, {
  id: 'Channels',
  description: 'A result for each channel, in the order of the file.',
});

/** What `POST /v1/classify` answers: of `mars classify --json` all but the name of the file. */
export const classifyResult = z
  .union([verdict, timeline, channels])
  .register(apiSchemas, { id: 'ClassifyResult', description: 'The answer, of the form that was asked for.' });

const model = z
  .strictObject({
    name: z.string(),
    labels: z.array(z.string()).describe('the emotions that it tells apart'),
    sampleRate: z.int().positive().describe('Hz; recordings of any rate are brought to it'),
    windowSec: z.number().positive(),
    trainedOn: z.string(),
    licence: z.string(),
    card: z.string().describe('what it is for, how good it is and where it fails'),
    calibration: z.strictObject({ temperature: z.number(), threshold: probability }).nullable(),
    split: z.strictObject({ protocol: z.string(), fold: z.string(), testHash: z.string() }).nullable(),
  })
  .register(apiSchemas, { id: 'Model', description: 'What the model file says of itself.' });

export const modelList = z
  .strictObject({ models: z.array(model) })
  .register(apiSchemas, { id: 'ModelList', description: 'The models that answer here.' });

export const health = z
  .strictObject({ status: z.enum(['ok', 'stopping']) })
  .register(apiSchemas, { id: 'Health', description: 'How the service is.' });

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(Object.keys(ERROR_CODES)).describe('stable; the same in library, command line and API'),
      message: z.string().describe('what came, what was expected and what to do'),
      request_id: z.string(),
    }),
  })
  .register(apiSchemas, { id: 'Error', description: 'Why there is no answer.' });
