#!/usr/bin/env node
import { runMars } from './program.ts';

// A reader that has seen enough (`mars classify … | head`) closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

// Not process.exit: what is still in the pipes must get out.
process.exitCode = await runMars(process.argv.slice(2));
