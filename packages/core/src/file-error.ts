import { MarsError } from './errors.ts';

/** What the system says of a file that cannot be read (Node's codes), as an error that its user can act on. */
export function fileError(cause: unknown): MarsError {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new MarsError(
        'FILE_NOT_FOUND',
        'There is no such file; check its name, or the link that leads to it.',
        {
          cause,
        },
      );
    case 'EISDIR':
      return new MarsError('FILE_IS_DIRECTORY', 'This is a folder; a recording was expected.', { cause });
    case 'ERR_FS_FILE_TOO_LARGE':
      return new MarsError(
        'AUDIO_TOO_LONG',
        'The file is larger than 2 GiB. Cut it, or save it as FLAC or Opus.',
        {
          cause,
        },
      );
    default:
      return new MarsError(
        'FILE_UNREADABLE',
        `The system does not let the file be read (${message}). Check its permissions.`,
        {
          cause,
        },
      );
  }
}
