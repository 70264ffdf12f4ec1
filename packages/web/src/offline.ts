export interface OfflineEvents {
  /** All files are kept: from now on the page opens without a network. */
  readonly onReady?: () => void;
  /** A newer page is there. `takeOver` shows it instead of this one, which it reloads: ask first. */
  readonly onUpdate?: (takeOver: () => void) => void;
  /** It cannot be kept: the browser has no room for it, or a file of it could not be fetched. The next visit tries again. */
  readonly onFailure?: () => void;
}

/**
 * Has the page kept by its service worker, once it has loaded all that it needs itself. Resolves to whether there is one:
 * a browser may have none, an address may not be secure, and the development server builds none.
 *
 * @example
 * await keepForOffline({ onReady: () => (offline = true), onUpdate: (takeOver) => (update = takeOver) });
 */
export async function keepForOffline({ onReady, onUpdate, onFailure }: OfflineEvents = {}): Promise<boolean> {
  if (!('serviceWorker' in navigator)) return false;
  const { serviceWorker } = navigator;
  let registration: ServiceWorkerRegistration;
  try {
    registration = await serviceWorker.register('service-worker.js');
  } catch {
    return false;
  }

  const announce = (waiting: ServiceWorker) => {
    onUpdate?.(() => {
      serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage('take over');
    });
  };
  const follow = (installing: ServiceWorker) => {
    installing.addEventListener('statechange', () => {
      // The first worker comes to a page that has none; only a second one brings a newer page.
      if (installing.state === 'installed' && serviceWorker.controller !== null) announce(installing);
      if (installing.state === 'redundant' && registration.active === null) onFailure?.();
    });
  };
  if (registration.waiting !== null) announce(registration.waiting);
  if (registration.installing !== null) follow(registration.installing);
  registration.addEventListener('updatefound', () => follow(registration.installing!));

  await serviceWorker.ready;
  onReady?.();
  return true;
}
