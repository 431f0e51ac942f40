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
export function headersOfAll(publicUrl: URL): Readonly<Record<string, string>> {
  if (publicUrl.protocol !== 'https:') return ALWAYS;
  return { ...ALWAYS, 'strict-transport-security': `max-age=${HALF_A_YEAR_SECONDS}` };
}

/** Sets them. */
export function securityHeaders(publicUrl: URL): RequestHandler {
  const headers = new Map(Object.entries(headersOfAll(publicUrl)));
  return (_request, response, next) => {
    response.setHeaders(headers);
    next();
  };
}
