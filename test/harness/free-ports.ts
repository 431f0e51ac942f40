import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** No system takes a port from there for a connection of a client, so one that is free stays so while a server is started, or is down for a while. */
const RANGE = { first: 20_000, last: 32_767 };
const TRIES = 1_000;
/** Test files that run side by side have ports of their own each, so that none takes what another is about to listen at, or has just given back. */
const SHARES = 16;
const SHARE = Number(process.env.VITEST_POOL_ID ?? 0) % SHARES;

/** Free ports of the loopback, apart from each other. The port `sideBy` above each, a multiple of 16, is free as well, for a server that takes two. */
export async function freePorts(count: number, sideBy = 0): Promise<number[]> {
  const held: Server[] = [];
  const found: number[] = [];
  for (let tries = 0; found.length < count; tries++) {
    if (tries === TRIES) throw new Error(`there are no ${count} free ports from ${RANGE.first} to ${RANGE.last}`);
    const port = RANGE.first + SHARE + SHARES * randomInt((RANGE.last + 1 - RANGE.first - sideBy) / SHARES);
    const servers = await Promise.all([...new Set([port, port + sideBy])].map(hold));
    held.push(...servers.filter((server) => server !== null));
    if (!servers.includes(null)) found.push(port);
  }
  await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
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
