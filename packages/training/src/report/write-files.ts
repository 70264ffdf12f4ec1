import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MarsError } from '@mars/core';
import type { ReportFiles } from './run-report.ts';

/**
 * Writes the files of a report into a folder, and returns their paths.
 *
 * Errors: `CONFIG_INVALID` where no folder can be.
 */
export async function writeReportFiles(files: ReportFiles, folder: string): Promise<string[]> {
  const paths: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const [name, content] of files) {
      const path = join(folder, name);
      await writeFile(path, content);
      paths.push(path);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new MarsError(
      'CONFIG_INVALID',
      `The report cannot be written into ${folder} (${code}); a folder that may be written to was expected. Give another --out.`,
      { cause },
    );
  }
  return paths;
}
