/** What a profile is worth, in points of unweighted average recall on people the model never heard; docs/experiments.md. */
const WORTH = { clips: 16, points: 4, perEmotion: 3, labelledPoints: 10 };

/** Clips that are asked for; more are welcome. */
const WANTED = 8;

/** Lines to speak, each in a mood that its words bring with them. */
const PROMPTS: readonly { readonly text: string; readonly emotion: string }[] = [
  { emotion: 'happy', text: 'They said yes! We have the flat, we can move in on Friday!' },
  { emotion: 'neutral', text: 'The train to the coast leaves from platform four at ten past nine.' },
  { emotion: 'angry', text: 'I have told you three times now. Take your hands off my things!' },
  { emotion: 'sad', text: 'He sat in that chair every evening. It is so quiet here without him.' },
  { emotion: 'surprised', text: 'You? Here? I thought you were in Lisbon until the summer!' },
  { emotion: 'fearful', text: 'Did you hear that? Somebody is downstairs. Please, do not go.' },
  { emotion: 'calm', text: 'Take your time. There is no hurry, we have the whole afternoon.' },
  { emotion: 'disgust', text: 'There is something growing in it. And I have already eaten half.' },
  { emotion: 'happy', text: 'Look at her, she is walking! All by herself, right across the room!' },
  { emotion: 'angry', text: 'No. You promised, and you lied to my face. I have had enough of it.' },
  { emotion: 'sad', text: 'I kept hoping she would call. By now I know that she will not.' },
  { emotion: 'fearful', text: 'The brakes do not work. I am pushing, and they do not work!' },
];

export const voice = {
  heading: 'Your voice',
  intro:
    'Every voice is different. Speak a few lines, and MARS learns how yours differs from an average one, so that it hears you better.',
  worth:
    `Measured on people it had never heard, of 100 clips about ${WORTH.points} more were heard right after ${WORTH.clips} varied clips, ` +
    `about ${WORTH.labelledPoints} more after ${WORTH.perEmotion} of each emotion of which it was said which is which. ` +
    'Lines in different moods teach more than neutral ones.',
  personal:
    'A profile holds no sound, but it describes your voice. It stays in this browser until you delete it.',
  prompts: PROMPTS,
  wanted: WANTED,
  kept: {
    heading: 'Your profile',
    learnt: (clips: number, labelled: number, day: string) =>
      `Learnt from ${clips} ${clips === 1 ? 'clip' : 'clips'}${labelled > 0 ? `, ${labelled} of them with their emotion` : ''}, on ${day}.`,
    on: 'Use it for every verdict',
    isOn: 'Verdicts rest on your profile, and say so.',
    isOff: 'It is switched off: verdicts are those for an average voice.',
    export: 'Save as a file',
    exportNote: 'The file is the one that “mars calibrate” writes and “mars classify --profile” reads.',
    delete: 'Delete',
    confirm: 'Delete the profile for good?',
    yes: 'Delete it',
    no: 'Keep it',
    deleted: 'The profile is deleted.',
    onlyHere:
      'This browser’s storage is full or switched off: the profile is lost when you close the page. Save it as a file, or make room and learn it again.',
    fileName: 'mars-profile.json',
  },
  import: {
    button: 'Use a profile from a file',
    done: 'The profile was read and is switched on.',
    otherModel: (model: string, expected: string) =>
      `This profile was learnt with the model “${model}”; the page has “${expected}”, and a profile fits no other. Learn one here instead.`,
    invalid: 'This file is no profile. Choose one that was saved here or by “mars calibrate”.',
  },
  learn: {
    heading: 'Speak some lines',
    headingAgain: 'Learn it anew',
    line: (number: number, count: number) => `Line ${number} of ${count}`,
    how: 'Read it aloud as somebody would who means it. Your own words will do as well.',
    meant: 'How you meant it',
    unsaid: 'I would rather not say',
    record: 'Record this line',
    stop: 'Done',
    again: 'Record it again',
    next: 'Another line',
    previous: 'Previous line',
    files: 'Use files of your voice instead',
    filesNote: 'Some seconds each, nobody else in them.',
    clips: 'Clips',
    none: 'No clips yet.',
    checking: 'Listening …',
    good: (seconds: string) => `${seconds} s`,
    nobody: 'Nobody speaks in it. Record it again, or remove it.',
    remove: (name: string) => `Remove ${name}`,
    removeShort: 'Remove',
    progress: (count: number, wanted: number) =>
      count < wanted
        ? `${count} of ${wanted} clips. You can learn from fewer; each one helps.`
        : `${count} clips. Enough to learn from; more still help.`,
    learn: 'Learn my voice',
    learning: (done: number, whole: number) => `Learning: clip ${Math.min(done + 1, whole)} of ${whole}`,
    needsOne: 'Record a line or add a file first.',
    done: 'MARS knows your voice now, and uses it for every verdict. The clips are not kept.',
  },
  known: (profileClips: number, utterances: number) =>
    [
      ...(profileClips > 0 ? ['with your profile'] : []),
      ...(utterances > 0
        ? [`with ${utterances} earlier ${utterances === 1 ? 'utterance' : 'utterances'} of this voice`]
        : []),
    ].join(' and '),
};
