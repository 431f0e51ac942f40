import type { IncomingMessage } from 'node:http';

const AUTHORITY = /^https?:\/\/[^/?#]*/i;

/**
 * Puts a target that was sent as to a proxy (`http://host/path`) into the form that everything here looks at: the path and the query.
 * Every server has to take both (RFC 9112, section 3.2.2); whose name stands in it makes no difference.
 */
export function toOriginForm(request: Pick<IncomingMessage, 'url'>): void {
  const { url = '' } = request;
  if (url.startsWith('/')) return;
  const [origin] = AUTHORITY.exec(url) ?? [];
  if (origin === undefined) return;
  const target = url.slice(origin.length);
  request.url = target.startsWith('/') ? target : `/${target}`;
}
