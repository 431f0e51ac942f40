import type { IncomingMessage } from 'node:http';

/** What the HTTP interfaces of the tree answer: `/PATH.json`, `/auth/…`, and whatever begins with a dot. */
const TREE = /^\/(?:auth\/|\.|.*\.json$)/;

/**
 * Whether the legacy interface answers a request. The tree goes before it, so that nothing of the tree is out of reach; of `/auth` itself
 * the tree has nothing.
 */
export function isLegacyRequest(
  request: IncomingMessage,
  legacy: { handles(request: IncomingMessage): boolean },
): boolean {
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  return !TREE.test(path) && legacy.handles(request);
}
