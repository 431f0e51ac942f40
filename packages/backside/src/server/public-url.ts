import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';

/** Hosts that stand for all addresses of the machine: no client can be sent there. */
const ALL_ADDRESSES: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Where clients reach this server; null if nobody said and it listens on any free port or on all addresses. Throws
 * `ConfigError`.
 */
export function publicUrlOf({ publicUrl, tlsCert, host, port }: ServerConfig): URL | null {
  if (publicUrl !== null) {
    const url = URL.canParse(publicUrl) ? new URL(publicUrl) : null;
    if (url !== null && /^https?:$/.test(url.protocol)) return url;
    throw new ConfigError(`publicUrl: ${JSON.stringify(publicUrl)} is not an http:// or https:// URL`);
  }
  if (port === 0 || ALL_ADDRESSES.has(host)) return null;
  return new URL(`${tlsCert === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

/** The origins whose pages may call, beside this server's own. */
export function allowedOriginsOf(config: ServerConfig): readonly string[] | '*' {
  const { allowedOrigins, mode } = config;
  if (allowedOrigins.includes('*') || (mode === 'development' && allowedOrigins.length === 0)) return '*';
  const own = publicUrlOf(config);
  return own === null ? allowedOrigins : [own.origin, ...allowedOrigins];
}
