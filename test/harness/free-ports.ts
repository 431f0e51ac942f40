import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** No system takes a port from there for a connection of a client, so one that is free stays so while a server is started, or is down for a while. */
const RANGE = { first: 20_000, last: 32_767 };
const TRIES = 1_000;

/** Free ports of the loopback, apart from each other. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  for (let tries = 0; held.size < count; tries++) {
    if (tries === TRIES) throw new Error(`there are no ${count} free ports from ${RANGE.first} to ${RANGE.last}`);
    const port = randomInt(RANGE.first, RANGE.last + 1);
    const server = await hold(port);
    if (server !== null) held.set(port, server);
  }
  await Promise.all([...held.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...held.keys()];
}

/** Null if the port is taken. */
async function hold(port: number): Promise<Server | null> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
}
