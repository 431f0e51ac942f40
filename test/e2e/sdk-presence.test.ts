import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@backside/sdk';
import { createAuth, memoryStorage } from '@backside/sdk/auth';
import { type Presence, type PresenceChange, type PresentUser, presence } from '@backside/sdk/presence';
import { afterEach, expect, test } from 'vitest';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { type FaultyProxy, startFaultyProxy } from '../harness/faulty-proxy.js';
import { type ServerHandle, startServer } from '../harness/server.js';

/** Long enough to reconnect in, short enough to wait for. */
const GRACE_MS = 2_000;
const PATIENCE = { timeout: 30_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(options: Parameters<typeof startServer>[0] = {}): Promise<ServerHandle> {
  const server = await startServer(options);
  closers.push(() => server.stop());
  return server;
}

interface Person extends Presence<string> {
  readonly db: ReturnType<typeof connect>;
}

function person(port: number, graceMs = GRACE_MS): Person {
  const db = connect(`ws://127.0.0.1:${port}`, { socket: nodeSocket, backoff: { firstMs: 50, lastMs: 500 } });
  closers.push(() => db.close());
  return Object.assign(presence<string>(db, '/presence', { graceMs, report: () => {} }), { db });
}

/** Writes down who came, went and changed, in order, as `+ann`, `-ann` and `~ann`. */
function diaryOf(someone: Presence<string>): { readonly lines: string[]; readonly list: () => unknown } {
  const lines: string[] = [];
  let list: readonly PresentUser<string>[] = [];
  const note = (sign: string, users: PresenceChange<string>['joined']): void => {
    for (const { uid } of users) lines.push(sign + uid);
  };
  someone.onChange((users, { joined, left, updated }) => {
    list = users;
    note('+', joined);
    note('-', left);
    note('~', updated);
  });
  return { lines, list: () => list.map(({ uid, meta, connections }) => [uid, meta, connections.length]) };
}

test('users are listed once, however many connections they have, with what the last one says', async () => {
  const { httpPort } = await serve();
  const [phone, laptop, bob] = [person(httpPort), person(httpPort), person(httpPort)];
  const diary = diaryOf(person(httpPort));
  await phone.join('ann', 'phone');
  await laptop.join('ann', 'laptop');
  await bob.join('bob');
  await expect.poll(diary.list, PATIENCE).toEqual([
    ['ann', 'laptop', 2],
    ['bob', true, 1],
  ]);
  await laptop.join('ann', 'away');
  await expect.poll(diary.list, PATIENCE).toContainEqual(['ann', 'away', 2]);
  await laptop.leave();
  await bob.join('robert', 'other name');
  await expect.poll(diary.list, PATIENCE).toEqual([
    ['ann', 'phone', 1],
    ['robert', 'other name', 1],
  ]);
  await phone.leave();
  await expect.poll(diary.list, PATIENCE).toEqual([['robert', 'other name', 1]]);
  expect(diary.lines).toEqual(['+ann', '~ann', '+bob', '~ann', '~ann', '+robert', '-bob', '-ann']);
});

test('who reconnects in time has never left, and the end of the old connection does not touch the new one', async () => {
  const { httpPort } = await serve();
  const line = await startFaultyProxy({ targetPort: httpPort });
  closers.push(() => line.stop());
  const ann = person(line.port);
  const diary = diaryOf(person(httpPort));
  await ann.join('ann', 'here');
  await expect.poll(diary.list, PATIENCE).toEqual([['ann', 'here', 1]]);
  for (let cuts = 1; cuts <= 3; cuts += 1) await cutAndReturn(line, diary.lines, cuts);
  await pass(2 * GRACE_MS);
  expect(diary.list()).toEqual([['ann', 'here', 1]]);
  expect(new Set(diary.lines)).toEqual(new Set(['+ann', '~ann']));
  await ann.db.close();
  await expect.poll(diary.list, PATIENCE).toEqual([]);
  expect(diary.lines.filter((entry) => entry === '-ann')).toHaveLength(1);
});

/** The entry of the new connection takes the place of the old one in one step. */
async function cutAndReturn(line: FaultyProxy, lines: readonly string[], cuts: number): Promise<void> {
  line.cutAll();
  await expect.poll(() => lines.filter((entry) => entry === '~ann').length, PATIENCE).toBe(cuts);
}

test('the death of the server takes nobody away who comes back, and who does not leaves once', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'backside-presence-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const first = await serve({ dataDir });
  const [ann, bob, observer] = [person(first.httpPort, 4_000), person(first.httpPort, 4_000), person(first.httpPort)];
  const diary = diaryOf(observer);
  await ann.join('ann', 'stays');
  await bob.join('bob', 'goes');
  await expect.poll(diary.list, PATIENCE).toHaveLength(2);
  await first.kill();
  await bob.db.close();
  const args = ['--port', String(first.httpPort), '--tcp-port', String(first.tcpPort)];
  await serve({ dataDir, args });
  await expect.poll(() => diary.lines, PATIENCE).toContain('-bob');
  await expect.poll(diary.list, PATIENCE).toEqual([['ann', 'stays', 1]]);
  await pass(5_000);
  expect(diary.list()).toEqual([['ann', 'stays', 1]]);
  expect(diary.lines.filter((entry) => entry !== '~ann')).toEqual(['+ann', '+bob', '-bob']);
});

test('what an old connection left to be done does not touch the entry of the new one, whichever comes first', async () => {
  const { httpPort } = await serve();
  const line = await startFaultyProxy({ targetPort: httpPort });
  closers.push(() => line.stop());
  const ann = person(line.port, 1_000);
  const observer = person(httpPort);
  const diary = diaryOf(observer);
  await ann.join('ann', 'first');
  await expect.poll(diary.list, PATIENCE).toEqual([['ann', 'first', 1]]);
  const [before] = observer.list[0]!.connections;
  line.cutAll();
  await expect.poll(() => observer.list[0]?.connections[0]?.id !== before!.id, PATIENCE).toBe(true);
  const [after] = observer.list[0]!.connections;
  // The server makes the removal of the old connection now, a second after it ended, and finds nothing of its own.
  await pass(3_000);
  expect(observer.list.map(({ uid, connections }) => [uid, connections])).toEqual([['ann', [after]]]);
  expect(diary.lines).not.toContain('-ann');
});

test('an entry that somebody else removes is made again', async () => {
  const { httpPort } = await serve();
  const [ann, other] = [person(httpPort), person(httpPort)];
  const diary = diaryOf(ann);
  await ann.join('ann', 'here');
  await expect.poll(diary.list, PATIENCE).toEqual([['ann', 'here', 1]]);
  await other.db.remove('/presence/ann');
  await expect.poll(() => diary.lines, PATIENCE).toEqual(['+ann', '-ann', '+ann']);
  expect(diary.list()).toEqual([['ann', 'here', 1]]);
});

test('what the rules forbid is refused, and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backside-presence-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'rules.json');
  const rules = {
    presence: {
      '.read': true,
      $uid: { '.write': "$uid == 'ann'", $connection: { '.validate': "newData.val() != 'forbidden'" } },
    },
    hidden: { '.write': true },
  };
  await writeFile(file, JSON.stringify({ rules }));
  const { httpPort } = await serve({ args: ['--rules', file] });
  const someone = person(httpPort);
  const diary = diaryOf(someone);
  await expect(someone.join('bob', 'x')).rejects.toMatchObject({ code: 'permission-denied' });
  await someone.join('ann', 'fine');
  await expect(someone.join('ann', 'forbidden')).rejects.toMatchObject({ code: 'permission-denied' });
  await expect.poll(diary.list, PATIENCE).toEqual([['ann', 'fine', 1]]);
  const hidden = presence(someone.db, '/hidden');
  hidden.onChange(() => expect.unreachable('nobody may see who is there'));
  await expect.poll(() => hidden.refused, PATIENCE).toMatchObject({ code: 'permission-denied' });
});

test('who is listened to before anybody has signed in is shown after that, and no more to who has signed out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backside-presence-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'rules.json');
  const presenceRules = { '.read': 'auth != null', $uid: { '.write': 'auth.uid == $uid' } };
  await writeFile(file, JSON.stringify({ rules: { presence: presenceRules } }));
  const { httpPort } = await serve({ args: ['--mode', 'production', '--anonymous', '--rules', file] });
  const ann = person(httpPort);
  const diary = diaryOf(ann);
  await expect.poll(() => ann.refused, PATIENCE).toMatchObject({ code: 'permission-denied' });
  const auth = createAuth(ann.db, { url: `http://127.0.0.1:${httpPort}`, storage: memoryStorage() });
  closers.push(() => auth.close());
  const { uid } = await auth.signInAnonymously();
  await ann.join(uid, 'here');
  await expect.poll(diary.list, PATIENCE).toEqual([[uid, 'here', 1]]);
  expect(ann.refused).toBeNull();
  await auth.signOut();
  await expect.poll(() => ann.refused, PATIENCE).toMatchObject({ code: 'permission-denied' });
  expect(ann.list).toEqual([]);
});

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
