/// <reference lib="webworker" />
/**
 * Keeps the page for when there is no network. All files of one build are kept together under the build's version, so a
 * page never gets a part of another one; a newer build waits, and takes over when the page says so or is left.
 *
 * The build writes VERSION and FILES above this script, which is a classic one: nothing is imported here.
 */
declare const VERSION: string;
declare const FILES: readonly string[];

{
  const worker = globalThis as unknown as ServiceWorkerGlobalScope;
  const { scope } = worker.registration;
  const OURS = `mars ${scope} `;
  const CURRENT = `${OURS}${VERSION}`;
  const addresses = new Set(FILES.map((file) => new URL(file, scope).href));
  /** The bundler's names: what is at such an address never changes, whichever build it is of. */
  const isHashed = (address: string) => /\/assets\/[^/]+-[\w-]{8}\.\w+$/.test(address);

  const keepAll = async () => {
    const cache = await caches.open(CURRENT);
    await Promise.all(
      [...addresses].map(async (address) => {
        const kept = isHashed(address) ? await caches.match(address) : undefined;
        if (kept !== undefined) await cache.put(address, kept);
        else await cache.add(new Request(address, { cache: isHashed(address) ? 'default' : 'no-cache' }));
      }),
    );
  };

  const removeOlder = async () => {
    const names = await caches.keys();
    const older = names.filter((name) => name.startsWith(OURS) && name !== CURRENT);
    await Promise.all(older.map((name) => caches.delete(name)));
  };

  const answer = async (request: Request, address: string): Promise<Response> => {
    const cache = await caches.open(CURRENT);
    // The browser may have made room for something else.
    return (await cache.match(address)) ?? fetch(request);
  };

  worker.addEventListener('install', (event) => event.waitUntil(keepAll()));

  worker.addEventListener('activate', (event) =>
    event.waitUntil(removeOlder().then(() => worker.clients.claim())),
  );

  worker.addEventListener('fetch', (event) => {
    const { request } = event;
    if (request.method !== 'GET' || request.headers.has('range')) return;
    const { origin, pathname } = new URL(request.url);
    const address = new URL(pathname.endsWith('/') ? `${pathname}index.html` : pathname, origin).href;
    if (addresses.has(address)) event.respondWith(answer(request, address));
  });

  worker.addEventListener('message', ({ data }) => {
    if (data === 'take over') void worker.skipWaiting();
  });
}
