import { createClientAddress } from '@backside/rest';
import { ConfigError } from '../config/config-error.js';
import { assertEdgePairing } from '../config/edge-pairing.js';
import { assertPairing } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { readTls } from './listening.js';
import { publicUrlOf } from './public-url.js';

/** Throws `ConfigError` for what can be seen to be wrong before anything is opened. */
export function assertRunnable(config: ServerConfig): void {
  assertPairing(config);
  assertEdgePairing(config);
  readTls(config);
  publicUrlOf(config);
  assertTrustedProxies(config);
  if (config.softQueueBytes > config.hardQueueBytes) {
    throw new ConfigError('softQueueBytes must not be more than hardQueueBytes');
  }
}

/** Not in the schema: other commands need not load the whole HTTP edge for it. */
function assertTrustedProxies({ trustedProxies }: ServerConfig): void {
  try {
    createClientAddress(trustedProxies);
  } catch (cause) {
    throw new ConfigError(`trustedProxies: ${(cause as Error).message}`, { cause });
  }
}
