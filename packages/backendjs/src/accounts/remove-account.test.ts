import { openAuthorizer, type WriteStep } from '@backside/api';
import { ADMIN } from '@backside/protocol';
import { DEFAULT_LIMITS, type Json } from '@backside/tree';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AccountHook } from '../context.js';
import { LaggingTree } from '../testing/lagging-tree.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { openDatabase } from '../testing/open-database.js';
import { watchTree } from '../testing/tree-watch.js';
import { removeAccount, resumeRemovals } from './remove-account.js';

const MANY = 1_000;
/** Too little for all of them in one write. */
const MAX_WRITE_BYTES = 128 * 1024;

let server: LegacyFixture;
let made = 0;

beforeAll(async () => {
  const limits = { tree: { ...DEFAULT_LIMITS, maxWriteBytes: MAX_WRITE_BYTES } };
  server = await startLegacy({
    extend: async () => ({ database: await openDatabase({ authorizer: openAuthorizer, limits }) }),
  });
});

afterAll(async () => {
  await server.context.database.close();
  await server.close();
});

function newAccount(): Promise<TestAccount> {
  made += 1;
  return server.account(`one${made}`);
}

function standing(...path: string[]): Json {
  return JSON.parse(
    Buffer.concat([...server.context.database.streamJson(ADMIN, path, 'val').chunks]).toString(),
  ) as Json;
}

/** What runs between the commit that hides an account and the one that ends its removal. */
async function withHook(hook: AccountHook, work: () => Promise<void>): Promise<void> {
  server.context.accountHooks.push(hook);
  await work().finally(() => server.context.accountHooks.pop());
}

const untilAllIsDone = {
  isClosed: () => false,
  failed: (id: string, cause: unknown): never => {
    throw new Error(`${id} cannot be removed`, { cause });
  },
};

async function write(steps: readonly WriteStep[]): Promise<void> {
  for (let at = 0; at < steps.length; at += 100) {
    await server.context.database.write({ principal: ADMIN, steps: steps.slice(at, at + 100) });
  }
}

test('more connections than fit into a commit go some at a time, and the others count each once', async () => {
  const [ann, bob] = [await newAccount(), await newAccount()];
  const peers = Array.from({ length: MANY }, (_, index) => `u_${'x'.repeat(60)}${index}`);
  const row = { mtime: 1 };
  const set = (...path: string[]): WriteStep => ({ method: 'set', path, value: row });
  await write([
    ...peers.map((peer) => set('connections', ann.id, 'knows', peer)),
    ...peers.map((peer) => set('references', peer, 'knows', ann.id)),
  ]);
  await server.client.get('/connection/add', { peer: ann.id, type: 'like' }, { as: bob });
  await server.client.get('/connection/add', { peer: bob.id, type: 'follow' }, { as: ann });
  const watch = await watchTree(server.context.database, '/connections');
  expect((await server.client.get('/account/del', {}, { as: ann })).json).toEqual([]);
  expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBeGreaterThan(4);
  watch.end();
  for (const root of ['connections', 'references']) expect(JSON.stringify(standing(root))).not.toContain(ann.id);
  expect(standing('counters', bob.id)).toMatchObject({ like0: 0, follow1: 0 });
  expect(standing('counters', ann.id)).toBeNull();
});

describe('while an account is removed', () => {
  test('it can do nothing, is not seen, and its login is not free yet', async () => {
    const [ann, bob] = [await newAccount(), await newAccount()];
    const seen: unknown[] = [];
    const look = async (): Promise<void> => {
      const asAnn = await server.client.get('/auth', {}, { as: ann });
      const login = await server.client.post('/login', { login: ann.login, secret: ann.secret });
      const others = await server.client.get('/account/get', { id: `${ann.id},${ann.id}` }, { as: bob });
      const again = server.context.credentials.add({ login: ann.login, name: 'A', secret: 'a long enough secret' });
      seen.push(asAnn.status, login.status, others.json, await again.catch(({ status }) => status));
    };
    await withHook({ purge: look }, async () => {
      await server.client.get('/account/del', {}, { as: ann });
    });
    expect(seen).toEqual([404, 401, [], 409]);
    const again = { login: ann.login, name: 'A', secret: 'a long enough secret' };
    expect((await server.context.credentials.add(again)).login).toBe(ann.login);
  });

  test('what others write for it is gone at the end, and what they take back counts once', async () => {
    const [ann, bob] = [await newAccount(), await newAccount()];
    const asBob = (path: string, params: Record<string, string>) => server.client.get(path, params, { as: bob });
    await asBob('/connection/add', { peer: ann.id, type: 'like' });
    const meanwhile = async (): Promise<void> => {
      await asBob('/message/add', { id: ann.id, msg: 'too late' });
    };
    await withHook({ purge: meanwhile }, async () => {
      const removal = server.client.get('/account/del', {}, { as: ann });
      await asBob('/connection/del', { peer: ann.id, type: 'like' });
      expect((await removal).status).toBe(200);
    });
    expect(standing('counters', bob.id)).toMatchObject({ like0: 0 });
    expect(standing('messages', ann.id)).toBeNull();
    expect(standing('events', ann.id)).toBeNull();
  });

  test('a move of it does not leave a place behind', async () => {
    const ann = await newAccount();
    const move = (longitude: number) =>
      server.client.get('/location/put', { latitude: 10, longitude }, { as: ann }).catch(() => null);
    await move(20);
    const moves = Array.from({ length: 5 }, (_, index) => move(21 + index));
    await Promise.all([...moves, removeAccount(server.context, ann.id)]);
    expect(JSON.stringify(standing('locations'))).not.toContain(ann.id);
  });
});

test('a removal that was interrupted is ended later, by whoever looks', async () => {
  const [ann, bob] = [await newAccount(), await newAccount()];
  await server.client.get('/connection/add', { peer: ann.id, type: 'like' }, { as: bob });
  const fail = async (): Promise<void> => {
    throw new Error('the store is away');
  };
  server.context.accountHooks.unshift({ purge: fail });
  expect((await server.client.get('/account/del', {}, { as: ann })).status).toBe(500);
  server.context.accountHooks.shift();
  expect((await server.client.get('/auth', {}, { as: ann })).status).toBe(404);
  expect(standing('accounts', ann.id)).toBeNull();
  expect(standing('counters', bob.id)).toMatchObject({ like0: 1 });
  expect(await server.context.credentials.retired(10)).toEqual([ann.id]);
  await Promise.all([resumeRemovals(server.context, untilAllIsDone), resumeRemovals(server.context, untilAllIsDone)]);
  expect(standing('counters', bob.id)).toMatchObject({ like0: 0 });
  expect(await server.context.credentials.retired(10)).toEqual([]);
  expect(await server.auth.users.find(ADMIN, ann.login)).toBeNull();
});

describe('of several interrupted removals', () => {
  /** Enough for more than a page of them. */
  const SEVERAL = 101;
  const onDelete = (id: string): { steps: WriteStep[] } => ({ steps: [{ method: 'remove', path: ['accounts', id] }] });
  const resumed = async (purge: (id: string) => Promise<void>, isClosed = () => false): Promise<string[]> => {
    const failures: string[] = [];
    const failed = (id: string): void => void failures.push(id);
    await resumeRemovals({ ...server.context, accountHooks: [{ onDelete, purge }] }, { isClosed, failed });
    return failures;
  };
  let ids: string[];

  beforeEach(async () => {
    for (let number = 0; number < SEVERAL; number += 1) await server.context.credentials.retire(`u_gone${number}`);
    ids = await server.context.credentials.retired(SEVERAL + 1);
    expect(ids).toHaveLength(SEVERAL);
  });
  afterEach(() => resumeRemovals(server.context, untilAllIsDone));

  test('those that fail are told, and those behind them are ended', async () => {
    const last = ids.at(-1);
    const failures = await resumed(async (id) => {
      if (id !== last) throw new Error('the store is away');
    });
    expect(failures).toEqual(ids.slice(0, -1));
    expect(await server.context.credentials.retired(SEVERAL)).toEqual(failures);
  });

  test('none is begun once nobody wants them to be', async () => {
    const begun: string[] = [];
    const purge = async (id: string): Promise<void> => void begun.push(id);
    await resumed(purge, () => begun.length === 2);
    expect(begun).toEqual(ids.slice(0, 2));
    expect(await server.context.credentials.retired(SEVERAL)).toEqual(ids.slice(2));
  });
});

test('of two that remove the same the later ends well, and leaves the login to whoever has it by now', async () => {
  const ann = await newAccount();
  const { auth, tree, secretKey, context } = server;
  const behind = await LaggingTree.of(tree);
  const other = await startLegacy({
    extend: () => ({ auth, secretKey, credentials: behind, database: context.database }),
  });
  const again = { login: ann.login, name: 'A', secret: 'a long enough secret' };
  const overtake = async (): Promise<void> =>
    behind.delay(async () => {
      await context.credentials.remove(ann.id);
      await context.credentials.add(again);
    });
  other.context.accountHooks.push({ purge: overtake });
  await removeAccount(other.context, ann.id);
  const heir = await context.credentials.byLogin(ann.login);
  expect(heir).not.toBeNull();
  expect(heir?.id).not.toBe(ann.id);
  expect(await context.credentials.retired(10)).toEqual([]);
  await other.stop();
});

test('a server that starts ends what another one has begun', async () => {
  const ann = await newAccount();
  await server.context.credentials.retire(ann.id);
  expect(standing('accounts', ann.id)).not.toBeNull();
  const { auth, tree, secretKey, context } = server;
  const other = await startLegacy({
    extend: () => ({ auth, secretKey, credentials: tree, database: context.database }),
  });
  await expect.poll(() => context.credentials.retired(10), { timeout: 20_000 }).toEqual([]);
  expect(standing('accounts', ann.id)).toBeNull();
  await other.stop();
});
