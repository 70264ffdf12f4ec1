import { createHash } from 'node:crypto';
import { ERROR_CODES, type ErrorCode } from '@mars/core';
import { HTTP_STATUS } from './errors.ts';
import type { Limits } from './limits.ts';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h2 { margin-top: 2.5rem; } h3 { margin: 1.5rem 0 0; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
div { overflow-x: auto; } table { border-collapse: collapse; }
th, td { text-align: start; vertical-align: top; padding: 0.25rem 1rem 0.25rem 0; }
td:first-child { white-space: nowrap; }
`;

/** The page runs no script and loads nothing: its style stands in it. */
export const DOCS_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The part of OpenAPI that is shown. */
interface Api {
  readonly info: { readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}
interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly description?: string;
    readonly schema: object;
  }[];
  readonly security?: readonly object[];
}
/** The part of AsyncAPI that is shown. */
interface LiveApi {
  readonly components?: {
    readonly messages?: Readonly<
      Record<string, { readonly name?: string; readonly summary?: string; readonly description?: string }>
    >;
  };
}

/** What the documents say, for people: HTML without a script. */
export function docsPage(openApi: object, asyncApi: object, limits: Limits): string {
  const { info, paths } = openApi as Api;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => describe(method, path, operation)),
  );
  const messages = Object.entries((asyncApi as LiveApi).components?.messages ?? {}).map(
    ([id, { name = id, summary, description }]) => [code(name), escaped(summary ?? description ?? '')],
  );
  const errors = (Object.keys(ERROR_CODES) as ErrorCode[])
    .toSorted((a, b) => HTTP_STATUS[a] - HTTP_STATUS[b])
    .map((name) => [code(name), String(HTTP_STATUS[name]), escaped(ERROR_CODES[name])]);
  const bounds = [
    [
      'A body',
      `${limits.uploadBytes} bytes, in ${limits.uploadMs / 1000} s, without ${limits.silenceMs / 1000} s of silence`,
    ],
    ['A recording', `${limits.audioSec} s of audio, decoded`],
    ['All bodies at the same time', `${limits.uploadBytesTogether} bytes`],
    ['Requests', limits.requestsPerMinute > 0 ? `${limits.requestsPerMinute} a minute` : 'no limit'],
  ];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>MARS: the API</title>
<style>${STYLE}</style>
</head>
<body>
<h1>MARS ${escaped(info.version)}: the API</h1>
<p>${escaped(info.description)}</p>
<p>Documents for programs: <a href="openapi.json">openapi.json</a>, <a href="asyncapi.json">asyncapi.json</a>.
Where the service asks for a key, <code>mars keys create NAME</code> makes one.</p>
<pre>curl -H "Authorization: Bearer $MARS_KEY" -F file=@clip.wav http://127.0.0.1:8321/v1/classify
curl -H "Authorization: Bearer $MARS_KEY" -F file=@talk.mp3 -F 'config={"timeline":true}' http://127.0.0.1:8321/v1/classify
curl -H "Content-Type: audio/flac" --data-binary @clip.flac "http://127.0.0.1:8321/v1/classify?top=3"</pre>
<h2>Requests</h2>
${operations.join('\n')}
<h2>Live: <code>GET /v1/stream</code></h2>
<p>A WebSocket. Audio goes in as binary messages (16 bits, little-endian, mono), all else is JSON. Browsers send their key as
a protocol beside <code>mars.v1</code>.</p>
${table(['Message', ''], messages)}
<h2>Errors</h2>
<p>They are alike everywhere: <code>{"error": {"code", "message", "request_id"}}</code>.</p>
${table(['Code', 'Status', ''], errors)}
<h2>Limits</h2>
${table(['', ''], bounds)}
</body>
</html>
`;
}

function describe(
  method: string,
  path: string,
  { summary, description, parameters = [], security }: Operation,
): string {
  const rows = parameters.map(({ name, schema, description = '' }) => [
    code(name),
    escaped(typeOf(schema)),
    escaped(description),
  ]);
  return [
    `<h3><code>${escaped(`${method.toUpperCase()} ${path}`)}</code></h3>`,
    `<p>${escaped(summary)}${security?.length === 0 ? ' (without a key)' : ''}. ${escaped(description ?? '')}</p>`,
    ...(rows.length > 0 ? [table(['Option', 'Type', ''], rows)] : []),
  ].join('\n');
}

function typeOf(schema: { type?: string; enum?: readonly string[] }): string {
  return schema.enum?.join(' or ') ?? schema.type ?? '';
}

/** Of cells that are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<div><table>\n${[row(head, 'th'), ...rows.map((cells) => row(cells, 'td'))].join('\n')}\n</table></div>`;
}

function code(text: string): string {
  return `<code>${escaped(text)}</code>`;
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (letter) => entities[letter]);
}
