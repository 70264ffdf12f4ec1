import { MarsClientError } from '@mars/client';
import { MarsError } from '@mars/core';

/**
 * Runs an example: says first what is to be known of law and limits, and tells a failure in a sentence. Results go to
 * stdout, everything else to stderr.
 */
export async function runExample(notice: string, example: () => Promise<void>): Promise<void> {
  console.error(`${notice.trim()}\n`);
  try {
    await example();
  } catch (error) {
    process.exitCode = 2;
    console.error(told(error));
  }
}

function told(error: unknown): string {
  if (error instanceof MarsError || error instanceof MarsClientError) {
    return `${error.message} [${error.code}]`;
  }
  const { code = '', message = '' } = error as { code?: string; message?: string };
  // Of Node's: of the options that came, or of a file.
  if (code.startsWith('ERR_PARSE_ARGS') || ['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(code)) {
    return message;
  }
  throw error;
}
