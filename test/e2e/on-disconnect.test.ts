import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';

let dataDir: string;
let server: ServerHandle;
const clients: StompjsClient[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backside-on-disconnect-'));
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

async function connect(): Promise<StompjsClient> {
  const client = await StompjsClient.connect(server.url);
  clients.push(client);
  return client;
}

/** What is at a path now, and what comes after. */
async function watch(path: string): Promise<{ readonly bodies: unknown[] }> {
  return (await connect()).listen(path);
}

/** Leaves a count at `path`: doing it twice would show. */
async function leaveCount(client: StompjsClient, path: string, headers: Record<string, string> = {}): Promise<void> {
  const increment = { '.sv': { increment: 1 } };
  expect(await client.send(path, increment, { 'on-disconnect': 'set', ...headers })).toBeNull();
}

test('what connections left is made once by the process that follows one that was killed, after its grace', async () => {
  server = await startServer({ dataDir });
  const client = await connect();
  await leaveCount(client, '/ends');
  await leaveCount(client, '/later', { grace: '4000' });
  await leaveCount(client, '/taken-back');
  await client.send('/taken-back', null, { 'on-disconnect': 'cancel' });
  await server.kill();
  for (let restarts = 0; restarts < 2; restarts += 1) {
    server = await startServer({ dataDir });
    const later = await watch('/later');
    if (restarts === 0) expect(later.bodies).toEqual([null]);
    await until(() => later.bodies.at(-1) === 1, 'what was left with a grace');
    expect((await watch('/')).bodies).toEqual([{ ends: 1, later: 1 }]);
    await server.kill();
  }
  server = await startServer({ dataDir });
  expect((await watch('/')).bodies).toEqual([{ ends: 1, later: 1 }]);
});

test('a server that is stopped in order leaves what waits for its grace to the next one', async () => {
  server = await startServer({ dataDir });
  const client = await connect();
  await leaveCount(client, '/ends');
  await leaveCount(client, '/later', { grace: '4000' });
  await server.stop();
  server = await startServer({ dataDir });
  const all = await watch('/');
  expect(all.bodies).toEqual([{ ends: 1 }]);
  await until(() => all.bodies.length > 1, 'what was left with a grace');
  expect(all.bodies.at(-1)).toBe(1);
});

test('what the connections of one of two workers left is made once by the other when it is killed', async () => {
  server = await startServer({ dataDir, workers: 2 });
  const leaving = await Promise.all(Array.from({ length: 8 }, () => connect()));
  for (const [index, client] of leaving.entries()) await leaveCount(client, `/left/${index}`);
  process.kill(await busiestOf(await childrenOf(server.pid)), 'SIGKILL');
  await until(() => leaving.some(({ connected }) => !connected), 'the end of the connections of a worker');
  const gone = leaving.flatMap(({ connected }, index) => (connected ? [] : [index]));
  const counts = await watch('/left');
  const made = (): number => counts.bodies.slice(1).length + Object.keys(Object(counts.bodies[0])).length;
  await expect.poll(made, { timeout: 60_000 }).toBeGreaterThanOrEqual(gone.length);
  for (const client of leaving) await client.close();
  await expect.poll(made, { timeout: 60_000 }).toBe(leaving.length);
  const all = await watch('/left');
  expect(all.bodies).toEqual([leaving.map(() => 1)]);
});

/** The process with the most sockets: all connections may be with one. */
async function busiestOf(pids: readonly number[]): Promise<number> {
  const sockets = await Promise.all(pids.map(async (pid) => ({ pid, count: await socketsOf(pid) })));
  return sockets.reduce((most, each) => (each.count > most.count ? each : most)).pid;
}

async function socketsOf(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.trim().split(' ').map(Number);
}
