import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listen } from '@mars/service/site';

/** What `npm start` runs, until it has said `until` or has ended. */
async function start(
  options: readonly string[],
  until = /Ctrl\+C/,
): Promise<{ said: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../server/start.ts'), ...options]);
  const ended = once(child, 'exit');
  let said = '';
  const hasSaid = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        said += text.toString();
        if (until.test(said)) resolve();
      });
    }
  });
  await Promise.race([hasSaid, ended]);
  return {
    said: `${said}${child.exitCode ?? ''}`,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      // Stopped by a signal that it has heard, not felled by it.
      expect(child.signalCode).toBe(null);
    },
  };
}

test('npm start builds the page where that is needed, and serves it at a free port', async () => {
  // Whoever has it: it is taken.
  await using _other = await listen((_, response) => response.end('other'), { tries: 0 }).catch(() => null);
  await using started = await start([]);
  expect(started.said).toContain('Port 8321 is taken; trying 8322.');
  expect(started.said).toContain('the microphone works there');
  const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(started.said)!;
  expect(await (await fetch(url)).text()).toContain('<title>MARS');
  expect((await fetch(`${url}readyz`)).status).toBe(200);

  // Built by now, so it is there at once.
  await using again = await start(['--port', '0']);
  expect(again.said).not.toContain('Building');
});

test('a port that is named is that port, or none', async () => {
  await using other = await listen((_, response) => response.end('other'));
  await using started = await start(['--port', `${other.port}`]);
  expect(started.said).toContain('The port is taken');
  expect(started.said).not.toContain('MARS listens');
});

test.each([
  [['--port', 'eighty'], "argument 'eighty' is invalid"],
  [['--port', '70000'], 'A whole number from 0 to 65535'],
  [['--prot', '1'], "unknown option '--prot'"],
])('%s: said what is wrong', async (options, message) => {
  const { said } = await start(options);
  expect(said).toContain(message);
  expect(said).toMatch(/2$/);
});
