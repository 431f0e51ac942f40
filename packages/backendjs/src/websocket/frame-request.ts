import type { IncomingHttpHeaders } from 'node:http';
import { queryOf } from '@backside/auth';
import type { LegacyRequest } from '../http/legacy-request.js';

const MAX_ID = 128;
/** Headers of the upgrade that say nothing about the requests inside. */
const OF_UPGRADE = /^(?:connection|upgrade|content-|transfer-encoding|sec-websocket-)/;

/** What all requests of one websocket have in common. */
export type Carrier = Pick<LegacyRequest, 'headers' | 'address' | 'secure'>;

/** A frame that was a request. */
export interface FrameRequest {
  /** Path and query, as the client wrote them. */
  readonly url: string;
  /** What the client calls the request; null if it does not. */
  readonly id: string | null;
}

/** Reads `/path?query`; null for any other text. */
export function parseFrame(text: string): FrameRequest | null {
  if (!text.startsWith('/') || /[\s\p{Cc}]/u.test(text)) return null;
  const id = new URLSearchParams(queryOf(text)).get('_id');
  return { url: text, id: id === null ? null : id.slice(0, MAX_ID) };
}

/**
 * The headers of an upgrade, as its requests have them. Cookies count only if the page that opened the websocket is of this very host:
 * browsers send them from any page, and ask nobody.
 */
export function carriedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const carried = Object.entries(headers).filter(([name]) => !OF_UPGRADE.test(name));
  const isForeign = headers.origin !== undefined && hostOf(headers.origin) !== headers.host?.toLowerCase();
  return Object.fromEntries(isForeign ? carried.filter(([name]) => name !== 'cookie') : carried);
}

/** Host and port of an origin; null for one that has none. */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
