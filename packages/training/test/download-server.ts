import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface DownloadServer extends AsyncDisposable {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** Every request so far: path, and range where one was asked for. */
  readonly requests: string[];
}

/** A server that answers each path by its handler, and others with 404. */
export async function startServer(handlers: Record<string, Handler>): Promise<DownloadServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://server');
    const { range } = request.headers;
    requests.push(range === undefined ? pathname : `${pathname} ${range}`);
    const handler = handlers[pathname];
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves content, in ranges where they are asked for; `dropAfter` cuts each connection after so many bytes. */
export function serve(
  content: Uint8Array,
  { ranges = true, dropAfter = Infinity }: { ranges?: boolean; dropAfter?: number } = {},
): Handler {
  return (request, response) => {
    const asked = ranges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] : undefined;
    const start = Number(asked ?? 0);
    if (start >= content.length && asked !== undefined) {
      response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const rest = content.subarray(start);
    const headers = { 'content-length': rest.length };
    if (asked === undefined) response.writeHead(200, headers);
    else {
      response.writeHead(206, {
        ...headers,
        'content-range': `bytes ${start}-${content.length - 1}/${content.length}`,
      });
    }
    if (rest.length <= dropAfter) response.end(rest);
    else response.write(rest.subarray(0, dropAfter), () => setTimeout(() => response.destroy(), 20));
  };
}

/** Serves a JSON document that may depend on the server's own address. */
export function serveJson(value: unknown): Handler {
  return serve(new TextEncoder().encode(JSON.stringify(value)));
}

/** The handlers in turn, one per request; the last one for all that follow. */
export function inTurn(...handlers: Handler[]): Handler {
  let next = 0;
  return (request, response) => handlers[Math.min(next++, handlers.length - 1)](request, response);
}

export function hashHex(algorithm: string, ...content: (string | Uint8Array)[]): string {
  const hash = createHash(algorithm);
  for (const piece of content) hash.update(piece);
  return hash.digest('hex');
}

/** A zip archive (PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16) of these files, deflated. */
export function zipOf(files: Record<string, string | Uint8Array>): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const [nameBytes, bytes] = [Buffer.from(name), Buffer.from(content)];
    const packed = deflateRawSync(bytes);
    // Version 2.0, UTF-8 names, deflate, 1 January 1980; then checksum, sizes, length of the name, no extra field.
    const common = Buffer.alloc(26);
    for (const [at, value] of [20, 0x800, 8, 0, 33].entries()) common.writeUInt16LE(value, 2 * at);
    for (const [at, value] of [crc32(bytes), packed.length, bytes.length].entries())
      common.writeUInt32LE(value, 10 + 4 * at);
    common.writeUInt16LE(nameBytes.length, 22);
    parts.push(Buffer.from('PK\u0003\u0004'), common, nameBytes, packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\u0001\u0002'), Buffer.from([20, 0]), common, place, nameBytes);
    offset += 30 + nameBytes.length + packed.length;
  }
  const end = Buffer.alloc(18);
  const count = Object.keys(files).length;
  end.writeUInt16LE(count, 4);
  end.writeUInt16LE(count, 6);
  end.writeUInt32LE(
    directory.reduce((total, { length }) => total + length, 0),
    8,
  );
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\u0005\u0006'), end]);
}
