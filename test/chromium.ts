import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** How long a test's hook may take in which Chromium may have to be installed. */
export const CHROMIUM_TIMEOUT_MS = 600_000;

/**
 * Starts a real Chromium without a window: that of MARS_CHROMIUM, of the system or of Playwright's cache. Where there is
 * none and this is root on Debian, its package is installed first, which takes about a minute.
 *
 * Errors: one that says what to do when there is no Chromium.
 *
 * @example
 * await using browser = await launchChromium();
 */
export async function launchChromium(args: readonly string[] = []): Promise<Browser> {
  const executablePath = findChromium() ?? (await installChromium());
  // Chromium's sandbox refuses to run as root.
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  // Where there is no graphics processor, the one that Chromium imitates takes a third of all processor time.
  return chromium.launch({ executablePath, args: ['--disable-gpu', ...sandbox, ...args] });
}

const NAMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chrome', 'chromium-browser'];

const ELSEWHERE = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:/Program Files/Google/Chrome/Application/chrome.exe',
];

const PLAYWRIGHT_CACHES = ['.cache', 'Library/Caches', 'AppData/Local'];

/** The path of a Chromium on this machine. Errors: one for a MARS_CHROMIUM that is not there. */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { MARS_CHROMIUM: wanted, PATH = '', PLAYWRIGHT_BROWSERS_PATH: browsers } = env;
  if (wanted !== undefined && wanted !== '') {
    if (existsSync(wanted)) return wanted;
    throw new Error(
      `MARS_CHROMIUM names ${wanted}, where nothing is. Give the path of a Chromium, or unset it.`,
    );
  }
  const inPath = PATH.split(delimiter).flatMap((dir) => NAMES.map((name) => join(dir, name)));
  const caches = browsers
    ? [browsers]
    : PLAYWRIGHT_CACHES.map((dir) => join(homedir(), dir, 'ms-playwright'));
  return [...inPath, ...ELSEWHERE].find((path) => existsSync(path)) ?? caches.flatMap(inCache).at(-1);
}

function inCache(folder: string): string[] {
  return globSync(
    'chromium*/chrome*/{chrome,chrome.exe,headless_shell,Chromium.app/Contents/MacOS/Chromium}',
    {
      cwd: folder,
    },
  ).map((path) => join(folder, path));
}

async function installChromium(): Promise<string> {
  if (process.getuid?.() !== 0 || !isDebian()) {
    throw new Error(
      'These tests drive a real Chromium, and none was found. Install one (on Debian: apt-get install chromium; elsewhere ' +
        'Chromium or Google Chrome), or give the path of one as MARS_CHROMIUM.',
    );
  }
  process.stderr.write(
    '\nNo Chromium is here: installing the Debian package "chromium" (about a minute) …\n',
  );
  const install = 'apt-get install -y --no-install-recommends chromium';
  // Of two test files that come here at once, the second waits for the first at the lock, and finds its work done.
  const script = `command -v chromium || ${install} || { apt-get update && ${install}; }`;
  const log = await run('flock', [join(tmpdir(), 'mars-chromium.lock'), 'sh', '-c', script]);
  const path = findChromium();
  if (path !== undefined) return path;
  throw new Error(
    `apt-get could not install Chromium. Install it by hand, or give the path of one as MARS_CHROMIUM.\n${log}`,
  );
}

function isDebian(): boolean {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** What a command printed, the end of it. */
function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHROMIUM_TIMEOUT_MS - 60_000,
  });
  let log = '';
  const keep = (text: Buffer) => (log = (log + text.toString()).slice(-2000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', () => resolve(log));
  });
}
