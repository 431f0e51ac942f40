import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Database } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { adminTokenOf } from './admin-token.js';

const FUNCTIONS = `
import { onCreate, onUserCreated, schedule } from '@backside/jobs/functions';
export const total = onCreate('/orders/{id}/items/{item}', ({ params, after }, { database }) =>
  database.set('/orders/' + params.id + '/total', { '.sv': { increment: after.price } }));
export const welcome = onUserCreated(({ user }, { database }) =>
  database.set('/welcome/' + user.uid, user.username));
export const tick = schedule('* * * * * *', ({ time }, { database }) =>
  database.push('/ticks', time));
`;

describe.each([1, 2])('functions of a server of %i processes', (workers) => {
  let folder: string;
  let server: ServerHandle;
  let db: Database;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'functions-'));
    await mkdir(join(folder, 'functions'));
    await writeFile(join(folder, 'functions', 'shop.js'), FUNCTIONS);
    server = await startServer({ workers, args: ['--functions', join(folder, 'functions'), '--sign-up'] });
    db = connect(`ws://127.0.0.1:${server.httpPort}`, { socket: nodeSocket });
  });
  afterAll(async () => {
    await db?.close();
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('see what a client writes, and the client sees what they write', async () => {
    const totals: unknown[] = [];
    db.on('/orders/a/total', (total) => totals.push(total));
    await db.set('/orders/a/items/x', { price: 3 });
    await db.set('/orders/a/items/y', { price: 4 });
    await expect.poll(() => totals.at(-1), { timeout: 20_000 }).toBe(7);
  });

  it('welcome who signs up', async () => {
    const response = await fetch(`http://127.0.0.1:${server.httpPort}/auth/signup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'bob', password: 'correct horse battery' }),
    });
    expect(response.status).toBeLessThan(300);
    const welcomed = async (): Promise<unknown> => Object.values(Object(await db.get('/welcome')));
    await expect.poll(welcomed, { timeout: 20_000 }).toEqual(['bob']);
  });

  it('are listed for admins by each process', async () => {
    // Each request has a connection of its own, so that whichever process may take it.
    const headers = { authorization: `Bearer ${await adminTokenOf(server)}`, connection: 'close' };
    for (let count = 0; count < 10; count++) {
      const answer = await fetch(`http://127.0.0.1:${server.httpPort}/.functions`, { headers });
      const { node, functions } = (await answer.json()) as { node: string; functions: { name: string }[] };
      expect(functions.map(({ name }) => name)).toEqual(['shop:tick', 'shop:total', 'shop:welcome']);
      expect(node).not.toBeNull();
    }
  });

  it('run when it is time, each time once', async () => {
    const ticks = async (): Promise<number[]> => Object.values(Object(await db.get('/ticks')));
    await expect.poll(async () => (await ticks()).length, { timeout: 20_000 }).toBeGreaterThan(2);
    const times = await ticks();
    expect(new Set(times).size).toBe(times.length);
    expect(times.every((time) => time % 1_000 === 0)).toBe(true);
  });
});
