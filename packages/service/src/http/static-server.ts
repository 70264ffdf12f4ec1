import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { acceptedEncodings, matches, parseRange } from './negotiation.ts';
import { SECURITY_HEADERS } from './page-policy.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.md': 'text/markdown; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.wasm': 'application/wasm',
  '.wav': 'audio/wav',
  '.flac': 'audio/flac',
  '.mp3': 'audio/mpeg',
  '.ogg': 'audio/ogg',
  '.opus': 'audio/ogg',
};

/** Best first: the coding, and how the file beside the plain one ends. */
const ENCODINGS = [
  { name: 'br', extension: '.br' },
  { name: 'gzip', extension: '.gz' },
] as const;

/** The bundler's names: what is at such an address never changes. */
const HASHED = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;

interface File {
  readonly path: string;
  readonly size: number;
  readonly etag: string;
  readonly encoding?: (typeof ENCODINGS)[number]['name'];
}

/**
 * Answers GET and HEAD with the files of a folder: precompressed where there is a `.br` or `.gz` beside one and the client
 * takes it, part of one for a Range, 304 for one that the client has. Names with a hash are kept for ever, all others are
 * asked for each time. Nothing outside the folder is ever read, however it is asked for.
 *
 * @example
 * createServer(staticFiles('dist')).listen(8321, '127.0.0.1');
 */
export function staticFiles(root: string): RequestListener {
  return (request, response) => {
    answer(root, request, response).catch((error: NodeJS.ErrnoException) => {
      // The client has gone: there is nobody to tell.
      if (response.headersSent) return response.destroy();
      console.error(error);
      return refuse(response, 500, 'Something failed here; the terminal of the server says what.');
    });
  };
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return refuse(response, 405, 'Files are here to be read: use GET or HEAD.');
  }
  const name = fileName(request.url ?? '/');
  const plain = name === undefined ? undefined : await find(root, name);
  if (name === undefined || plain === undefined) return refuse(response, 404, 'Nothing is at this address.');

  // A part is one of the plain file: what would one do with the middle of a compressed one?
  const file = headers.range === undefined ? await encoded(root, name, plain, headers) : plain;
  response.setHeaders(new Headers(SECURITY_HEADERS));
  response.setHeader('accept-ranges', 'bytes');
  response.setHeader('cache-control', HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('etag', file.etag);
  response.setHeader('vary', 'accept-encoding');
  if (matches(headers['if-none-match'], file.etag)) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('content-type', CONTENT_TYPES[extname(name)] ?? 'application/octet-stream');
  if (file.encoding !== undefined) response.setHeader('content-encoding', file.encoding);

  const current = headers['if-range'] === undefined || headers['if-range'] === file.etag;
  const range = current ? parseRange(headers.range, file.size) : undefined;
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${file.size}`);
    return refuse(response, 416, `This file has ${file.size} bytes.`);
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  if (range !== undefined) response.setHeader('content-range', `bytes ${start}-${end}/${file.size}`);
  response.setHeader('content-length', end - start + 1);
  response.writeHead(range === undefined ? 200 : 206);
  // Not even an empty file has a byte 0 to end at.
  if (method === 'HEAD' || file.size === 0) response.end();
  else await pipeline(createReadStream(file.path, { start, end }), response);
}

/** The file that an address means, from the root with a slash; undefined for one that means none of ours. */
function fileName(url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(url.split(/[?#]/, 1)[0]);
  } catch {
    return undefined;
  }
  if (!path.startsWith('/') || /[\0\\:]/.test(path)) return undefined;
  const name = path.endsWith('/') ? `${path}index.html` : path;
  // Hidden files and "..", but also "//": an address has one spelling.
  return name
    .slice(1)
    .split('/')
    .some((part) => part === '' || part.startsWith('.'))
    ? undefined
    : name;
}

async function find(root: string, name: string): Promise<File | undefined> {
  try {
    const [folder, path] = await Promise.all([realpath(root), realpath(join(root, name))]);
    // A link may lead out.
    if (!path.startsWith(folder + sep)) return undefined;
    const stats = await stat(path);
    if (!stats.isFile()) return undefined;
    const { size, mtimeMs } = stats;
    return { path, size, etag: `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"` };
  } catch (error) {
    if (
      ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')
    ) {
      return undefined;
    }
    throw error;
  }
}

/** What to send of a file: the smallest of its codings that the client takes, or the file. */
async function encoded(
  root: string,
  name: string,
  plain: File,
  headers: IncomingMessage['headers'],
): Promise<File> {
  const accepted = acceptedEncodings(headers['accept-encoding']);
  for (const { name: encoding, extension } of ENCODINGS) {
    if (!accepted.has(encoding)) continue;
    const file = await find(root, `${name}${extension}`);
    if (file !== undefined) return { ...file, etag: `${file.etag.slice(0, -1)}-${encoding}"`, encoding };
  }
  return plain;
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.setHeaders(new Headers(SECURITY_HEADERS));
  response.setHeader('cache-control', 'no-store');
  response.removeHeader('etag');
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}
