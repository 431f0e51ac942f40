import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { LegacyRequest } from './legacy-request.js';

/** How an HTTP request is seen from outside: by whom, and whether over TLS up to the first trusted proxy. */
export interface RequestOrigin {
  readonly clientAddress: (request: IncomingMessage) => string;
  /** Whether the public URL is https: what comes through a trusted proxy then came over TLS. */
  readonly publicTls: boolean;
}

/** An HTTP request as the pipeline takes it. `signal` is aborted when its client has gone, or is to go. */
export function requestOf(message: IncomingMessage, origin: RequestOrigin, signal: AbortSignal): LegacyRequest {
  // Who stops reading still wants to answer, and the answer goes over the same socket.
  const body = hasBody(message) ? message.iterator({ destroyOnReturn: false }) : null;
  return { ...carriedBy(message, origin), body, signal, push: null };
}

/** What of a message holds for all requests that it carries, as an upgrade to a websocket does. */
export function carriedBy(
  message: IncomingMessage,
  { clientAddress, publicTls }: RequestOrigin,
): Pick<LegacyRequest, 'method' | 'url' | 'headers' | 'address' | 'secure'> {
  const address = clientAddress(message);
  const encrypted = (message.socket as Partial<TLSSocket>).encrypted === true;
  const proxied = address !== (message.socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
  return {
    method: message.method ?? '',
    url: message.url ?? '',
    headers: utf8Headers(message.headers),
    address,
    secure: encrypted || (proxied && publicTls),
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function utf8Headers(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const decoded = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? asUtf8(value) : value,
  ]);
  return Object.fromEntries(decoded) as IncomingHttpHeaders;
}

/** HTTP's bytes arrive as Latin-1. Clients that send other letters send UTF-8, and sign it as that; what is none stays as it is. */
function asUtf8(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text)) return text;
  const decoded = Buffer.from(text, 'latin1').toString('utf8');
  return decoded.includes('\ufffd') ? text : decoded;
}
