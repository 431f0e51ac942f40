import { chmodSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import type { Logger } from '@backside/protocol';
import { stopListening } from './listening.js';

/** What the operating systems allow for the path of a socket. */
const MAX_PATH_BYTES = 100;

/** Where the operator of a data folder reaches the server that runs on it; null if the path is too long for a socket. */
export function operatorSocketOf(data: string): string | null {
  const path = join(data, 'operator.sock');
  return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : null;
}

/**
 * Serves the operator's commands on a socket in the data folder that only its owner can open: whoever may read and write the
 * data anyway is an admin here. Nothing of it can be reached over the network. Returns how to end it.
 */
export async function openOperatorSocket(
  data: string,
  onRequest: RequestListener,
  logger: Logger,
): Promise<() => Promise<void>> {
  const path = operatorSocketOf(data);
  if (path === null) {
    logger.warn(
      { data },
      'the path of the data folder is too long for a socket; commands need the server to be stopped',
    );
    return async () => {};
  }
  const server = createServer(onRequest);
  try {
    await listenOn(server, path);
  } catch (error) {
    logger.warn({ err: error }, 'there is no socket for the operator; commands need the server to be stopped');
    return async () => {};
  }
  return async () => {
    stopListening(server);
    server.closeIdleConnections();
  };
}

async function listenOn(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, readableAll: false, writableAll: false }, resolve);
  });
  chmodSync(path, 0o600);
}

/** Takes away what a server that was killed has left. To be called by the one process that owns the folder. */
export async function clearOperatorSocket(data: string): Promise<void> {
  const path = operatorSocketOf(data);
  if (path !== null) await rm(path, { force: true });
}
