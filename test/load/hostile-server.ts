import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { residentBytes } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';
import { HostileClient } from './hostile-client.js';
import { Session } from './session.js';

const MAX_RESIDENT_BYTES = 700 * 2 ** 20;

let server: ServerHandle;

/** A server for the tests of one file; after each of them the same process must still serve and be of bounded size. */
export function serveHostileClients(): void {
  beforeAll(async () => {
    server = await startServer({ args: ['--log-level', 'error'] });
  });
  afterEach(assertServes);
  afterAll(async () => {
    await server.stop();
  });
}

/** The server of this file's tests. */
export function hostileServer(): ServerHandle {
  return server;
}

async function assertServes(): Promise<void> {
  process.kill(server.pid, 0);
  const session = await Session.open(server.tcpPort);
  const value = Math.floor(performance.now());
  await session.request('SEND', { destination: '/alive' }, String(value));
  const frame = await session.read('/alive');
  session.destroy();
  expect(frame.text).toBe(String(value));
  const resident = residentBytes(server.pid);
  console.info(`resident: ${Math.round(resident / 2 ** 20)} MiB`);
  expect(resident).toBeLessThan(MAX_RESIDENT_BYTES);
}

export type Open = () => Promise<HostileClient>;
export const overTcp: Open = () => HostileClient.tcp(server.tcpPort);
export const overWebsocket: Open = () => HostileClient.websocket(server.httpPort);
export const TRANSPORTS: readonly (readonly [name: string, open: Open])[] = [
  ['TCP', overTcp],
  ['websocket', overWebsocket],
];

/** The same part again and again, for `pour`. */
export function* repeat(part: Buffer, count: number): Generator<Buffer> {
  for (let index = 0; index < count; index += 1) yield part;
}
