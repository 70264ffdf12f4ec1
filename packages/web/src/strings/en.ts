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
    update: 'A newer version of this page is here.',
    takeOver: 'Show it',
    later: 'Later',
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
  files: {
    heading: 'Files',
  },
  microphone,
  record,
  live,
  voice,
};

export type Words = typeof words;
