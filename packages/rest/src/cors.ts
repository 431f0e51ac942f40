import type { IncomingMessage } from 'node:http';
import { BacksideError } from '@backside/protocol';
import type { RequestHandler } from 'express';

const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'if-match',
  'if-none-match',
  'if-range',
  'last-event-id',
  'range',
  'tus-resumable',
  'upload-length',
  'upload-metadata',
  'upload-offset',
  'x-firebase-etag',
  'x-http-method-override',
];

/** Answers to the question that a browser asks before it sends a request of another origin's page. */
const PREFLIGHT: Readonly<Record<string, string>> = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers': ALLOWED_HEADERS.join(', '),
  'access-control-max-age': '600',
};

/** What is thought of the page that a request comes from. */
interface OriginVerdict {
  /** A page that may not call sends what is not a mere read. */
  readonly refused: boolean;
  /** Of the answer; with `OPTIONS` from a page that may call, everything that its browser asks for. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Judges by `Origin`. Cookies are never allowed: a page acts by a token that it holds. */
export type OriginPolicy = (request: IncomingMessage) => OriginVerdict;

const NO_PAGE: OriginVerdict = { refused: false, headers: { vary: 'origin' } };
const FOREIGN_PAGE: OriginVerdict = { refused: true, headers: { vary: 'origin' } };

/** Pages of `publicUrl` and of the allowed origins may call. */
export function createOriginPolicy(publicUrl: URL, allowedOrigins: readonly string[] | '*'): OriginPolicy {
  const all = allowedOrigins === '*';
  const allowed = new Set(all ? [] : allowedOrigins).add(publicUrl.origin);
  return ({ headers: { origin }, method }) => {
    if (origin === undefined) return NO_PAGE;
    if (!all && !allowed.has(origin)) return SAFE_METHODS.has(method) ? NO_PAGE : FOREIGN_PAGE;
    const headers = {
      vary: 'origin',
      'access-control-allow-origin': all ? '*' : origin,
      'access-control-expose-headers': 'etag, retry-after, code, trace, stale',
    };
    return { refused: false, headers: method === 'OPTIONS' ? { ...headers, ...PREFLIGHT } : headers };
  };
}

/** Says which foreign pages may call, answers their browsers, and refuses the others with `permission-denied`. */
export function crossOrigin(policy: OriginPolicy): RequestHandler {
  return (request, response, next) => {
    const { refused, headers } = policy(request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (refused) throw new BacksideError('permission-denied', 'pages of this origin may not call');
    if (request.method === 'OPTIONS' && 'access-control-allow-origin' in headers) response.status(204).end();
    else next();
  };
}
