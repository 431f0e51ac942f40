import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { type RuleIndex, RulesError } from '@backside/security';
import { describe, expect, it } from 'vitest';
import { closedAuthorizer } from './authorizer.js';
import type { Database } from './database.js';
import { createRulesAuthorizer } from './rules-authorizer.js';
import { openRulesStore, type RulesStore, type RulesStoreOptions } from './rules-store.js';
import { listen, openDatabase, set, settle, sharedJournal, update, write } from './testing/database.js';
import { user } from './testing/look-authorizer.js';
import { openTraces } from './testing/traces.js';

const OPEN = '{ // everybody\n  "rules": { ".read": true,\t".write": true }\n}\n';
const CLOSED = '{"rules": {".read": false}}';
const ANN = '{"rules": {".read": "auth.uid == \'ann\'"}}';

async function openPrivate(options: Parameters<typeof openDatabase>[0] = {}): Promise<Database> {
  return openDatabase({ name: 'test.private', authorizer: closedAuthorizer, ...options });
}

async function openStore(options: Partial<RulesStoreOptions> = {}): Promise<RulesStore> {
  return openRulesStore({
    database: options.database ?? (await openPrivate()),
    position: () => ({ epoch: 'e1', revision: 7 }),
    now: () => 42,
    logger: SILENT_LOGGER,
    ...options,
  });
}

describe('a rules store', () => {
  it('denies everything while nothing is stored and nothing else is said', async () => {
    const store = await openStore();
    expect([store.current.source, store.version, store.versions()]).toEqual(['{"rules": {}}', null, []]);
    expect((await openStore({ fallback: OPEN })).current.source).toBe(OPEN);
  });

  it('keeps each version byte for byte, with its author, its time and where the database was', async () => {
    const store = await openStore();
    const version = await store.put(OPEN, 'root');
    expect(version).toEqual({ version: 1, author: 'root', time: 42, epoch: 'e1', revision: 7, rollbackOf: null });
    expect([store.current.source, store.sourceOf(1), store.version]).toEqual([OPEN, OPEN, version]);
    expect(store.since()).toBe(7);
  });

  it('refuses what does not compile, and stays as it is', async () => {
    const store = await openStore();
    await store.put(OPEN, null);
    await expect(store.put('{"rules": {".read": "auth.uid"}}', null)).rejects.toBeInstanceOf(RulesError);
    expect([store.current.source, store.versions().length]).toEqual([OPEN, 1]);
  });

  it('makes no new version of what is in force', async () => {
    const store = await openStore();
    await store.put(OPEN, 'a');
    expect(await store.put(OPEN, 'b')).toMatchObject({ version: 1, author: 'a' });
  });

  it('goes back to an older version as a new one', async () => {
    const store = await openStore();
    await store.put(OPEN, null);
    await store.put(CLOSED, null);
    expect(await store.rollback(1, 'root')).toMatchObject({ version: 3, author: 'root', rollbackOf: 1 });
    expect(store.current.source).toBe(OPEN);
    expect(store.versions().map(({ version, rollbackOf }) => [version, rollbackOf])).toEqual([
      [3, 1],
      [2, null],
      [1, null],
    ]);
    await expect(store.rollback(9, null)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('replaces only what was expected to be in force', async () => {
    const store = await openStore();
    await store.put(OPEN, null, { expected: 0 });
    await expect(store.put(CLOSED, null, { expected: 0 })).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(store.rollback(1, null, { expected: 2 })).rejects.toMatchObject({ code: 'precondition-failed' });
    expect(store.current.source).toBe(OPEN);
  });

  it('keeps the latest versions only', async () => {
    const store = await openStore({ maxVersions: 2 });
    for (const source of [OPEN, CLOSED, ANN]) await store.put(source, null);
    expect(store.versions().map(({ version }) => version)).toEqual([3, 2]);
    expect([store.sourceOf(1), store.sourceOf(2)]).toEqual([null, CLOSED]);
  });

  it('gives each of two that come at once a version of its own', async () => {
    const store = await openStore();
    const versions = await Promise.all([store.put(OPEN, 'a'), store.put(CLOSED, 'b'), store.put(ANN, 'c')]);
    expect(versions.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    expect(store.current.source).toBe(store.sourceOf(3));
  });

  it('is in force on every node, also on one that opens later', async () => {
    const journal = sharedJournal();
    const notifier = createMemoryNotifier();
    const [here, there] = [await openPrivate({ journal, notifier }), await openPrivate({ journal, notifier })];
    const [mine, theirs] = [await openStore({ database: here }), await openStore({ database: there })];
    let told = 0;
    theirs.onChange(() => {
      told += 1;
    });
    await mine.put(OPEN, null);
    expect(mine.current.source).toBe(OPEN);
    await there.refresh();
    expect([theirs.current.source, told]).toEqual([OPEN, 1]);
    await theirs.put(CLOSED, null);
    const late = await openStore({ database: await openPrivate({ journal, notifier }) });
    expect(late.current.source).toBe(CLOSED);
    await Promise.all([here.close(), there.close()]);
  });

  it('keeps the version before one that it cannot compile, and denies everything if it has none', async () => {
    const database = await openPrivate();
    const store = await openStore({ database });
    await store.put(OPEN, null);
    const alien = { current: 2, 'versions/2': { time: 1 }, 'sources/2': '{"rules": {".future": 1}}' };
    await write(database, update('/rules', alien));
    expect([store.current.source, store.version?.version]).toEqual([OPEN, 1]);
    const fresh = await openStore({ database, fallback: OPEN });
    expect([fresh.current.source, fresh.version]).toEqual(['{"rules": {}}', null]);
    await store.put(ANN, null);
    expect([store.current.source, fresh.current.source]).toEqual([ANN, ANN]);
  });

  it('asks for the indexes of the rules in force, one set at a time', async () => {
    const asked: string[] = [];
    let busy = false;
    const setIndexes = async (indexes: readonly RuleIndex[]): Promise<void> => {
      expect(busy).toBe(false);
      busy = true;
      await settle();
      busy = false;
      asked.push(indexes.map(({ pattern, by }) => `${pattern.join('/')} ${by}`).join());
    };
    const store = await openStore({ setIndexes });
    await store.put('{"rules": {"a": {"$b": {".indexOn": "age"}}}}', null);
    await store.put('{"rules": {"a": {".indexOn": ".value"}}}', null);
    await store.close();
    expect(asked).toEqual(['', 'a/$b age', 'a value']);
  });

  it('does not count revisions of another history', async () => {
    let epoch = 'e1';
    const store = await openStore({ position: () => ({ epoch, revision: 7 }) });
    await store.put(OPEN, null);
    epoch = 'e2';
    expect(store.since()).toBe(0);
  });
});

it('new rules end the listens that they refuse on every node, before anything else is heard', async () => {
  const privateJournal = sharedJournal();
  const privateNotifier = createMemoryNotifier();
  const journal = sharedJournal();
  const notifier = createMemoryNotifier();
  const node = async (nodeId: string): Promise<{ database: Database; rules: RulesStore; settings: Database }> => {
    const settings = await openPrivate({ journal: privateJournal, notifier: privateNotifier, nodeId });
    const rules = await openStore({ database: settings });
    const authorizer = createRulesAuthorizer({ database: 'test', rules, traces: openTraces() });
    return { database: await openDatabase({ journal, notifier, authorizer, nodeId }), rules, settings };
  };
  const [a, b] = [await node('a'), await node('b')];
  await a.rules.put(OPEN, null);
  await b.settings.refresh();
  const listens = [user('ann'), user('bob')].map((as) => listen(b.database, '/a', { as }));
  await b.database.refresh();
  await settle();
  await a.rules.put(ANN, null);
  await b.settings.refresh();
  await write(a.database, set('/a', 1));
  await b.database.refresh();
  expect(listens.map(({ heard }) => heard.lines)).toEqual([['put /a null', 'put /a 1'], ['put /a null']]);
  expect(listens.map(({ heard }) => heard.cancelled?.code)).toEqual([undefined, 'permission-denied']);
  expect(b.database.read(ADMIN, ['a']).node).toBe(1);
  for (const { database, settings } of [a, b]) await Promise.all([database.close(), settings.close()]);
});
