import { statSync } from 'node:fs';
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
  assertPorts(config);
  assertFolders(config);
  if (config.softQueueBytes > config.hardQueueBytes) {
    throw new ConfigError('softQueueBytes must not be more than hardQueueBytes');
  }
}

/** Else the second one to listen would take this very server for another process. */
function assertPorts({ port, tcpPort, role }: ServerConfig): void {
  if (port === tcpPort && port !== 0 && role !== 'api')
    throw new ConfigError(`tcpPort: must not be ${tcpPort}, which is port, where HTTP is served`);
}

/** The folders that are read later, where a job or a function would be the first to find out. */
function assertFolders({ role, jobs, jobWorkers, functions }: ServerConfig): void {
  if (role === 'proxy') return;
  if (jobWorkers > 0) assertFolder('jobs', jobs);
  assertFolder('functions', functions);
}

function assertFolder(option: string, folder: string | null): void {
  if (folder !== null && !statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`${option}: ${folder} is not a folder`);
}

/** Not in the schema: other commands need not load the whole HTTP edge for it. */
function assertTrustedProxies({ trustedProxies }: ServerConfig): void {
  try {
    createClientAddress(trustedProxies);
  } catch (cause) {
    throw new ConfigError(`trustedProxies: ${(cause as Error).message}`, { cause });
  }
}
