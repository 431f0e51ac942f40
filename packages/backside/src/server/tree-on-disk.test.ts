import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { createLmdbReplica } from '@backside/replica-lmdb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { openCheckpointedJournal } from './checkpointed-journal.js';
import { DataFolderError } from './data-folder.js';
import { startSingleServer } from './single-server.js';
import { readTree } from './tree-on-disk.js';

// Trees are read through by processes that are started from their source.
vi.setConfig({ testTimeout: 120_000 });

let data: string;
let config: ServerConfig;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'backside-tree-'));
  const { settings } = parseFlags(
    ['--mode', 'development', '--data', data, '--port', '0', '--tcp-port', '0'],
    SERVER_OPTIONS,
  );
  config = resolveSettings<ServerConfig>(SERVER_OPTIONS, [settings]).values;
  await put('x'.repeat(100), 1, 2, 3);
});

async function put(text: string, ...names: number[]): Promise<void> {
  const server = await startSingleServer(config, SILENT_LOGGER);
  const body = JSON.stringify(text);
  for (const n of names) await fetch(`http://127.0.0.1:${server.ports.http}/n${n}.json`, { method: 'PUT', body });
  await server.stop();
}

afterEach(() => rm(data, { recursive: true }));

const journal = (database = 'default'): string => join(data, database, 'journal/0000000000000001.journal');

const tree = (): string => join(data, 'default/replica/data.mdb');

async function expectDamagedTree(): Promise<void> {
  for (const refused of await refusals('default')) {
    expect(refused).toBeInstanceOf(DataFolderError);
    expect(refused.message).toMatch(/the (tree on disk|replica) in \S+ is damaged: .*\nRun `backside doctor/);
  }
}

async function expectLoss(database: string, problem: string): Promise<void> {
  for (const refused of await refusals(database)) {
    expect(refused).toBeInstanceOf(DataFolderError);
    expect(refused.message).toContain(problem);
  }
  expect((await readdir(data)).includes(database)).toBe(false);
}

/** What a server of one process, and the primary of several, say when they refuse the folder. */
async function refusals(database: string): Promise<Error[]> {
  const options = { config, database, nodeId: 'n', logger: SILENT_LOGGER };
  const starts = [() => startSingleServer(config, SILENT_LOGGER), () => openCheckpointedJournal(options, null)];
  const errors: Error[] = [];
  for (const start of starts)
    errors.push(
      await start().then(
        () => new Error('it started'),
        (error: Error) => error,
      ),
    );
  return errors;
}

/** Expects a server of one process, and the primary of several, to refuse the folder and to leave the tree as it is. */
async function expectRefusal(problem: string, database = 'default'): Promise<void> {
  const replica = join(data, database, 'replica');
  const before = await readTree(replica);
  await expect(startSingleServer(config, SILENT_LOGGER)).rejects.toThrow(problem);
  const options = { config, database, nodeId: 'n', logger: SILENT_LOGGER };
  const refused = await openCheckpointedJournal(options, null).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DataFolderError);
  expect((refused as Error).message).toContain(problem);
  expect(await readTree(replica)).toEqual(before);
}

test('a tree whose journal is gone is refused, and stays', async () => {
  await rm(join(data, 'default/journal'), { recursive: true });
  await expectRefusal('default: the tree on disk has revision 3, but there is no journal in');
});

test('so is a tree whose journal is an empty folder', async () => {
  await rm(journal());
  await expectRefusal('default: the tree on disk has revision 3, but there is no journal in');
});

test('so is the tree with rules, accounts and keys', async () => {
  await rm(join(data, 'default.private/journal'), { recursive: true });
  await expectRefusal('default.private: the tree on disk has revision', 'default.private');
});

test('a tree that has more than its journal is refused, and stays', async () => {
  await truncate(journal(), (await readFile(journal())).indexOf('/n2') + 10);
  await expectRefusal('the tree on disk has revision 3, but the journal ends at 1');
});

test('a tree of another history than its journal is refused, and stays', async () => {
  await rm(join(data, 'default/replica'), { recursive: true });
  const replica = createLmdbReplica({ directory: join(data, 'default/replica') });
  await replica.restore('elsewhere', 2, entries());
  await replica.close();
  await expectRefusal('the tree on disk has revision 2 of another history');
});

test('a tree that is gone is made again from a journal that has everything', async () => {
  await rm(join(data, 'default/replica'), { recursive: true });
  const server = await startSingleServer(config, SILENT_LOGGER);
  const response = await fetch(`http://127.0.0.1:${server.ports.http}/.json?shallow=true`);
  expect(await response.json()).toEqual({ n1: true, n2: true, n3: true });
  await server.stop();
});

test('a tree whose file is cut off is refused with what to do, and ends no process', async () => {
  await truncate(tree(), 8_192);
  await expectDamagedTree();
});

test('rules, accounts and keys that are gone are not begun anew beside the data, nor the data beside them', async () => {
  await rename(join(data, 'default.private'), join(data, 'elsewhere'));
  await expectLoss(
    'default.private',
    'which has rules, accounts and keys, is empty or gone, while default beside it has',
  );
  await rename(join(data, 'elsewhere'), join(data, 'default.private'));
  await rm(join(data, 'default'), { recursive: true });
  await expectLoss('default', 'which has the data, is empty or gone, while default.private beside it has revision');
});

test('a database whose start was ended before it had its counterpart is begun', async () => {
  await rm(data, { recursive: true });
  const options = { config, database: 'default', nodeId: 'n', logger: SILENT_LOGGER };
  await (await openCheckpointedJournal(options, null)).close();
  await put('x', 1);
});

test('damage in the journal behind the tree is refused with what to do', async () => {
  config = { ...config, journalSegmentSize: 4096 };
  await put('x'.repeat(5_000), 4, 5);
  await rm(join(data, 'default/replica'), { recursive: true });
  const bytes = await readFile(journal());
  bytes[bytes.indexOf('/n2') + 10]! ^= 0xff;
  await writeFile(journal(), bytes);
  const refused = await startSingleServer(config, SILENT_LOGGER).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(DataFolderError);
  expect((refused as Error).cause).toBeInstanceOf(BacksideError);
});

async function* entries(): AsyncGenerator<{ path: string[]; value: string }[]> {
  yield [{ path: ['n1'], value: 'other' }];
}
