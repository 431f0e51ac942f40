import type { RequestHandler } from 'express';

const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const HALF_A_YEAR_SECONDS = 15_552_000;

/** Headers of every answer: nothing is kept by caches, shown in frames, guessed at or told to other sites; once https, always https. */
export function securityHeaders(publicUrl: URL): RequestHandler {
  const headers = new Map(Object.entries(ALWAYS));
  if (publicUrl.protocol === 'https:') headers.set('strict-transport-security', `max-age=${HALF_A_YEAR_SECONDS}`);
  return (_request, response, next) => {
    response.setHeaders(headers);
    next();
  };
}
