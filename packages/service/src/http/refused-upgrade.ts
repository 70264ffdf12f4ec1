import type { IncomingMessage } from 'node:http';

/**
 * Closes the connection of a request that would have become a WebSocket and was refused: Node's server looks after it no
 * longer. Of other requests nothing is closed.
 */
export function closeRefusedUpgrade(request: IncomingMessage): void {
  if ('upgrade' in request && request.upgrade === true) request.socket.destroySoon();
}
