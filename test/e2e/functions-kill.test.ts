import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Database } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';

/** How often the server is killed. */
const ROUNDS = Number(process.env.FUNCTIONS_KILLS ?? 4);
/** A server lives at most so long after the first write of its round, in milliseconds. */
const MAX_LIFE_MS = 500;

/**
 * Two functions that count each order: one does so at once, the other fails after it has, and again at its second try. `handled` tells which
 * order was counted twice, if one is.
 */
const COUNTERS = `
import { onCreate } from '@backside/jobs/functions';
const increment = { '.sv': { increment: 1 } };
const count = (kind, { params }, database) =>
  database.update('/', { [kind + '/count']: increment, [kind + '/handled/' + params.id]: increment });
export const steady = onCreate('/orders/{id}', (event, { database }) => count('steady', event, database));
export const shaky = onCreate('/orders/{id}', { backoffMs: 20 }, async (event, { database }) => {
  await count('shaky', event, database);
  if (event.attempt < 3) throw new Error('after the fact');
  await database.push('/shaky/done', event.params.id);
});`;

describe('functions under kill -9', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'functions-kill-'));
    await mkdir(join(folder, 'functions'));
    await writeFile(join(folder, 'functions', 'counters.js'), COUNTERS);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const start = (): Promise<ServerHandle> =>
    startServer({ dataDir: join(folder, 'data'), args: ['--functions', join(folder, 'functions')] });

  it('have their effect exactly once per order that was created', { timeout: 120_000 }, async () => {
    let sent = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const server = await start();
      sent = await createUntilKilled(server, sent, Math.random() * MAX_LIFE_MS);
    }
    const server = await start();
    try {
      await expectEachOnce(server);
    } finally {
      await server.kill();
    }
  });
});

function open({ httpPort }: ServerHandle): Database {
  return connect(`ws://127.0.0.1:${httpPort}`, { socket: nodeSocket });
}

/** Creates orders, four at a time, until the server dies after some milliseconds. Resolves with how many were sent in all. */
async function createUntilKilled(server: ServerHandle, sent: number, lifeMs: number): Promise<number> {
  const db = open(server);
  let next = sent;
  // What the server's death leaves unanswered stays so: the client would send it again, but is closed.
  const create = (): void => void db.set(`/orders/n${next}`, { total: next++ }).then(create, () => undefined);
  await db.set(`/orders/n${next++}`, { total: 0 });
  for (let i = 0; i < 4; i++) create();
  await sleep(lifeMs);
  await server.kill();
  await db.close();
  return next;
}

async function expectEachOnce(server: ServerHandle): Promise<void> {
  const db = open(server);
  try {
    const orders = Object.keys((await db.get('/orders')) as object).sort();
    expect(orders.length).toBeGreaterThanOrEqual(ROUNDS);
    const done = async (): Promise<number> => Object.keys(Object(await db.get('/shaky/done'))).length;
    await expect.poll(done, { timeout: 60_000, interval: 100 }).toBe(orders.length);
    const once = Object.fromEntries(orders.map((id) => [id, 1]));
    await expect.poll(() => db.get('/steady/count'), { timeout: 20_000 }).toBe(orders.length);
    expect(await db.get('/steady/handled')).toEqual(once);
    expect(await db.get('/shaky/count')).toBe(orders.length);
    expect(await db.get('/shaky/handled')).toEqual(once);
    expect(Object.values((await db.get('/shaky/done')) as object).sort()).toEqual(orders);
    process.stdout.write(
      `${orders.length} orders through ${ROUNDS} kills, each counted once by each of two functions\n`,
    );
  } finally {
    await db.close();
  }
}
