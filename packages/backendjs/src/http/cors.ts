import type { BackendjsSettings } from '../settings.js';
import type { LegacyRequest } from './legacy-request.js';

/** The version of the original whose answers these are. */
const CORE_VERSION = '0.81.0';

/** Headers of every answer. */
export function commonHeaders(settings: BackendjsSettings): Record<string, string> {
  const { corsOrigin, signatureName, appName, appVersion } = settings;
  return {
    server: `bkjs/${CORE_VERSION} ${appName}/${appVersion}`,
    'access-control-allow-origin': corsOrigin,
    'access-control-allow-headers': `content-type, ${signatureName}, bk-app, bk-version, bk-lang, bk-tz`,
    'access-control-allow-methods': 'OPTIONS, HEAD, GET, POST, PUT, DELETE',
    'access-control-allow-credentials': 'true',
    'x-content-type-options': 'nosniff',
  };
}

/** A browser's question whether it may ask. */
export function isPreflight({ method, headers }: LegacyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}
