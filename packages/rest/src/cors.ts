import { BacksideError } from '@backside/protocol';
import type { RequestHandler } from 'express';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Says which foreign pages may call, and refuses with `permission-denied` what any other page sends that is not a mere
 * read. Cookies are never allowed: a page acts by a token that it holds.
 */
export function crossOrigin(publicUrl: URL, allowedOrigins: readonly string[] | '*'): RequestHandler {
  const allowed = new Set(allowedOrigins === '*' ? [] : allowedOrigins).add(publicUrl.origin);
  return (request, response, next) => {
    const origin = request.get('origin');
    response.vary('origin');
    if (origin === undefined) return next();
    if (allowedOrigins !== '*' && !allowed.has(origin)) {
      if (SAFE_METHODS.has(request.method)) return next();
      throw new BacksideError('permission-denied', 'pages of this origin may not call');
    }
    response.setHeader('access-control-allow-origin', allowedOrigins === '*' ? '*' : origin);
    response.setHeader('access-control-expose-headers', 'etag, retry-after');
    if (request.method === 'OPTIONS') return answerPreflight(response);
    next();
  };
}

function answerPreflight(response: Parameters<RequestHandler>[1]): void {
  response.setHeader('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE');
  response.setHeader('access-control-allow-headers', 'authorization, content-type, if-match, if-none-match');
  response.setHeader('access-control-max-age', '600');
  response.status(204).end();
}
