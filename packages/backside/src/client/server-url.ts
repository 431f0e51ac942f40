import { ConfigError } from '../config/config-error.js';

/** Where a server is reached, and how. */
export interface ServerUrl {
  readonly transport: 'tcp' | 'websocket';
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** The whole URL, for websockets. */
  readonly href: string;
  /** The scheme, host and port, for people. */
  readonly origin: string;
}

const SCHEMES: Readonly<Record<string, { transport: ServerUrl['transport']; secure: boolean; port: number }>> = {
  'stomp:': { transport: 'tcp', secure: false, port: 5001 },
  'stomps:': { transport: 'tcp', secure: true, port: 5001 },
  'ws:': { transport: 'websocket', secure: false, port: 5000 },
  'wss:': { transport: 'websocket', secure: true, port: 443 },
};

/**
 * Reads `stomp://host:port`, `stomps://`, `ws://host:port/stomp`, `wss://` or `host:port`, which means `stomp://`. A
 * websocket without a path gets `/stomp`. Throws `ConfigError`.
 */
export function parseServerUrl(text: string): ServerUrl {
  const full = text.includes('://') ? text : `stomp://${text}`;
  const parsed = URL.canParse(full) ? new URL(full) : null;
  const scheme = parsed && Object.hasOwn(SCHEMES, parsed.protocol) ? SCHEMES[parsed.protocol] : undefined;
  if (!parsed || !scheme || parsed.hostname === '') {
    throw new ConfigError(
      `--url: ${JSON.stringify(text)} is not stomp://, stomps://, ws:// or wss:// with host and port`,
    );
  }
  if (scheme.transport === 'websocket' && parsed.pathname === '/') parsed.pathname = '/stomp';
  const port = parsed.port === '' ? scheme.port : Number(parsed.port);
  if (scheme.transport === 'websocket') parsed.port = String(port);
  return {
    transport: scheme.transport,
    secure: scheme.secure,
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    href: parsed.href,
    origin: `${parsed.protocol}//${parsed.hostname}:${port}`,
  };
}
