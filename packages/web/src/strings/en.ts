// All words of the page. A translation is another file of this shape.
import { live, record } from './en.live.ts';
import { microphone } from './en.microphone.ts';
import { voice } from './en.voice.ts';

export const words = {
  title: 'MARS',
  tagline: 'The emotion in a voice',
  private: 'Nothing leaves this device.',
  notice: 'MARS hears how a voice sounds. It learnt from actors, and does not know what anybody feels.',
  aboutModel: 'About the model',
  skip: 'Skip to the content',
  modes: {
    label: 'What to listen to',
    files: 'Files',
    live: 'Record · Live',
    voice: 'Your voice',
  },
  theme: {
    label: 'Appearance',
    system: 'As the system',
    light: 'Light',
    dark: 'Dark',
  },
  readiness: {
    loading: 'Loading the model …',
    ready: 'Ready.',
    failed: 'The model did not load yet; the first recording tries again.',
    offline: 'Ready, with or without a network.',
    onlineOnly:
      'It could not be kept for when there is no network, perhaps as this browser’s storage is full. Make room and open it again.',
    update: 'A newer version of this page is here.',
    takeOver: 'Show it',
    later: 'Later',
  },
  engine: {
    offline: 'The model could not be fetched, and is not kept on this device yet. Go online and try again.',
    refused: (status: number) =>
      `The model could not be fetched: the server answered ${status}. Try again later.`,
    stopped: (reason: string) =>
      `The recogniser stopped (${reason}). It starts anew by itself: try again, and if it stops again, with a shorter recording.`,
    silent: (seconds: number) => `no sign of life for ${seconds} s`,
    unreadable: 'a message that cannot be read',
    noReason: 'the browser does not say why',
    streamGone: 'The stream is gone, as the recogniser started anew. Start again.',
    undecodable:
      'This is M4A, MP4, AAC or WebM, and this browser cannot decode the sound in it, or not so much of it, or it is damaged. ' +
      'Try another browser, or convert it: ffmpeg -i FILE FILE.wav',
  },
  emotions: {
    neutral: 'neutral',
    calm: 'calm',
    happy: 'happy',
    sad: 'sad',
    angry: 'angry',
    fearful: 'fearful',
    disgust: 'disgusted',
    surprised: 'surprised',
  } as Readonly<Record<string, string>>,
  verdict: {
    sounds: (emotion: string) => `Sounds ${emotion}`,
    unsure: 'Not sure',
    closest: (emotion: string) => `perhaps ${emotion}`,
    nobody: 'Nobody speaks here',
    nobodyMore: 'No speech was heard, so there is no emotion to name. Is the recording the one you meant?',
    none: 'none',
    /** Of a long recording. */
    overall: 'Over all that is said',
    confidence: 'Confidence',
    mark: 'Left of the mark the model is not sure.',
    meter: (percent: string, threshold: string) => `${percent}; below ${threshold} the model is not sure`,
  },
  sureness: {
    very: 'very sure',
    fairly: 'fairly sure',
    rather: 'rather unsure',
    unsure: 'not sure',
  },
  scores: {
    heading: 'All eight scores',
    whole: 'The whole recording',
    at: (time: string) => `At ${time}`,
    pause: (time: string) => `At ${time}: a pause`,
    bar: (emotion: string, percent: string) => `${emotion} ${percent}`,
  },
  files: {
    heading: 'Files',
    drop: 'Drop recordings anywhere on this page',
    formats: 'WAV, FLAC, MP3, Ogg, Opus, M4A or WebM; seconds or hours, one or many.',
    choose: 'Choose recordings',
    speak: 'Or speak',
    release: 'Let go to hear what is in it',
    samples: 'Or try a clip. A synthesiser speaks in them: they show how it works, and are no test of it.',
    oneSpeaker: 'One person speaks all the time',
    oneSpeakerWhy: 'Each utterance then helps to hear those that follow.',
    withProfile: 'Your voice profile is used.',
    sampleFailed: (name: string) =>
      `The clip “${name}” could not be fetched. Go online and try again, or take a recording of your own.`,
    dropFailed: 'What was dropped could not be read. Choose it with the button instead.',
    status: {
      waiting: 'waits its turn',
      hearing: 'is being heard',
      heard: 'heard',
      failed: 'could not be heard',
      cancelled: 'cancelled',
    },
    progress: (name: string) => `Listening to ${name}`,
    done: (done: string, whole: string | undefined) =>
      whole === undefined ? `${done} heard` : `${done} of about ${whole}`,
    cancel: 'Cancel',
    cancelAll: 'Cancel all',
    cancelled: 'This one was cancelled before it was heard to its end.',
    waiting: 'Waits until the recordings before it have been heard.',
    again: 'Hear again',
    tryAgain: 'Try again',
    remove: 'Remove',
    clear: 'Remove all',
    announce: (name: string, said: string) => `${name}: ${said}`,
    failed: (name: string) => `${name} could not be heard`,
    code: 'Code',
  },
  samples: {
    'man-plain.wav': 'A man',
    'woman-plain.wav': 'A woman',
    'man-low-slow-soft.wav': 'Man, low and soft',
    'woman-low-slow-soft.ogg': 'Woman, low and soft',
    'man-high-fast-loud.flac': 'Man, high and loud',
    'woman-high-fast-loud.mp3': 'Woman, high and loud',
    'whisper.opus': 'A whisper',
  } as Readonly<Record<string, string>>,
  table: {
    heading: (count: number) => `${count} recordings`,
    columns: { name: 'Name', length: 'Length', verdict: 'Verdict', confidence: 'Confidence' },
    hint: 'Choose a name to see it below.',
  },
  timeline: {
    heading: 'Over time',
    play: 'Play',
    pause: 'Pause',
    cannotPlay: 'This browser cannot play this file; what was heard in it is shown all the same.',
    spectrogram: 'Spectrogram',
    spectrogramOf: (name: string) =>
      `Spectrogram of ${name}: loudness by time, from left to right, and frequency, from 0 at the bottom to 8 kHz.`,
    explain: 'What it rests on',
    explaining: (done: number, runs: number) => `Asking the model without each part: ${done} of ${runs}`,
    explained: (emotion: string, score: string) =>
      `Marked is what the score for ${emotion} (${score}) rests on: it falls most without the darkest parts.`,
    against: 'Striped parts speak against it.',
    rests: (parts: string) => `Most of it: ${parts}.`,
    bands: (bands: string) => `Frequencies that count most: ${bands}.`,
    explainLong: 'Choose a segment first: up to 30 s can be explained at a time.',
    nothingToExplain: 'Nobody is heard to speak there, so there is nothing to explain.',
    zoom: 'Zoom',
    segments: 'Segments. The arrow keys go from one to the next, Enter plays it.',
    span: (from: string, to: string) => `${from} to ${to}`,
    playSegment: (span: string, said: string) => `${span}: ${said}`,
    wave: (name: string, said: string) => `Waveform of ${name}. ${said}`,
    legend:
      'A bar is as long as the speech and as high as the confidence. Hollow bars with small letters are uncertain.',
    hover: 'Point at a moment to read its scores; click a bar to hear it.',
    table: (count: number) => `${count === 1 ? 'The segment' : `The ${count} segments`} as a table`,
    columns: {
      start: 'Start',
      end: 'End',
      emotion: 'Emotion',
      sureness: 'How sure',
      confidence: 'Confidence',
    },
  },
  summary: {
    heading: 'In short',
    speech: (speech: string, whole: string) => `${speech} of speech in ${whole}.`,
    shares: 'Shares of the time in which somebody speaks',
    uncertain: 'not sure',
    changes: (count: number) =>
      count === 0
        ? 'The emotion does not change.'
        : `The emotion changes ${count} ${count === 1 ? 'time' : 'times'}.`,
    strongest: 'Strongest moments',
    playMoment: (emotion: string, time: string) => `Play the strongest ${emotion} moment, at ${time}`,
  },
  takeAway: {
    heading: 'Take away',
    json: 'JSON',
    csv: 'CSV',
    png: 'Picture (PNG)',
    html: 'Report (HTML)',
    all: 'All as',
    failed: 'The picture could not be made; the other forms hold the same figures.',
  },
  report: {
    title: (name: string) => `Emotions in ${name}`,
    by: (model: string) => `Heard by MARS with the model “${model}”, on the device of whoever made this.`,
    caveat:
      'This is how a voice sounds to a model that learnt from speech, most of it acted. It is not what somebody feels, and no ground to judge a person on: it is wrong often, and more often for voices, languages and rooms that it never heard.',
  },
  model: {
    heading: 'What the model is, and what it is not',
    close: 'Close',
    loading: 'Fetching its figures …',
    missing: 'Its figures could not be fetched. Go online and try again.',
    what: [
      'It names how a voice sounds, as one of eight emotions that actors play. It does not know what anybody feels, detects no lies and makes no diagnosis.',
      'It learnt from 24 actors who speak two English sentences in a studio. Other languages, children, illness and real noise were not measured.',
    ],
    right: (percent: string, low: string, high: string, chance: string) =>
      `Of clips by actors whom it had never heard, it names ${percent} as the actor meant them (95% interval ${low} to ${high}; guessing would reach ${chance}).`,
    sure: (coverage: string, accuracy: string) =>
      `It is sure enough to answer for ${coverage} of them, and right in ${accuracy} of those; of the others it says “not sure”.`,
    groups: (women: string, men: string) => `Women’s voices: ${women} right. Men’s voices: ${men} right.`,
    recall: 'How often each emotion is recognised when an actor plays it',
    mistaken: (emotion: string, percent: string) => `most often taken for ${emotion} (${percent})`,
    use: 'In the European Union it must not be used to infer emotions at work or in education (AI Act, Art. 5(1)(f)), and people must be told that it is used (Art. 50).',
    card: 'The model card, with all figures',
    licence:
      'Non-commercial use: as its training data, RAVDESS (CC BY-NC-SA 4.0). YAMNet’s layers: Apache-2.0.',
  },
  microphone,
  record,
  live,
  voice,
};

export type Words = typeof words;
