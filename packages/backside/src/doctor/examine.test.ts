import { cp, mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseServerUrl } from '../client/server-url.js';
import { connectStomp } from '../client/stomp-client.js';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { startSingleServer } from '../server/single-server.js';
import { examineServer } from './examine.js';

// Trees are read through by processes that are started from their source.
vi.setConfig({ testTimeout: 120_000 });

let data: string;
let config: ServerConfig;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'backside-doctor-'));
  const { settings } = parseFlags(
    ['--mode', 'development', '--data', data, '--port', '0', '--tcp-port', '0'],
    SERVER_OPTIONS,
  );
  config = resolveSettings<ServerConfig>(SERVER_OPTIONS, [settings]).values;
});
afterEach(() => rm(data, { recursive: true }));

/** Has a server write these values to `/n1`, `/n2` …, one commit each, and end in order. */
async function write(...values: unknown[]): Promise<void> {
  const server = await startSingleServer(config, SILENT_LOGGER);
  const url = parseServerUrl(`127.0.0.1:${server.ports.stomp}`);
  const client = await connectStomp({ url, database: null, token: null });
  for (const [index, value] of values.entries()) {
    await client.request('SEND', [['destination', `/n${index + 1}`]], JSON.stringify(value));
  }
  await client.close();
  await server.stop();
}

async function damage(after: string, first = 1): Promise<void> {
  const journal = segment(first);
  const bytes = await readFile(journal);
  const at = bytes.indexOf(after) + 10;
  bytes[at] = bytes[at]! ^ 0xff;
  await writeFile(journal, bytes);
}

function segment(first: number): string {
  return join(data, `default/journal/${String(first).padStart(16, '0')}.journal`);
}

/** Takes from the journal what was written to this path, and whatever followed. */
async function cut(from: string): Promise<void> {
  await truncate(segment(1), (await readFile(segment(1))).indexOf(from) + 10);
}

const problemsIn = (findings: string[]): string[] => findings.filter((finding) => finding.startsWith('problem'));

async function served(): Promise<unknown> {
  const server = await startSingleServer(config, SILENT_LOGGER);
  const response = await fetch(`http://127.0.0.1:${server.ports.http}/.json`);
  await server.stop();
  return response.json();
}

async function examine(repair: boolean): Promise<string[]> {
  const findings: string[] = [];
  for await (const { verdict, text } of examineServer(config, repair)) findings.push(`${verdict} ${text}`);
  return findings;
}

test('a repair that takes commits from the journal first saves the tree that has them', async () => {
  await write('first'.repeat(20), 'second'.repeat(20), 'third'.repeat(20));
  await damage('/n2');
  expect((await examine(false)).filter((finding) => finding.startsWith('problem'))).toHaveLength(1);
  const saved = join(data, 'default/tree-at-revision-3.json');
  expect((await examine(true)).filter((finding) => finding.includes(saved))).toHaveLength(1);
  expect(JSON.parse(await readFile(saved, 'utf8'))).toEqual({
    n1: 'first'.repeat(20),
    n2: 'second'.repeat(20),
    n3: 'third'.repeat(20),
  });
  expect((await examine(false)).join('\n')).toMatch(/the journal holds revisions 1 to 1 in/);
});

test('a repair without loss saves nothing', async () => {
  await write('first', 'second');
  expect((await examine(true)).join('\n')).not.toContain('tree-at-revision');
});

test('a journal that has lost its end is found, and a repair goes on from the tree that has it', async () => {
  await write('first', 'second', 'third');
  await cut('/n2');
  expect(problemsIn(await examine(false))).toEqual([
    expect.stringContaining('default: the tree on disk has revision 3, but the journal ends at 1'),
  ]);
  expect(problemsIn(await examine(true))).toEqual([]);
  const all = { n1: 'first', n2: 'second', n3: 'third' };
  expect(JSON.parse(await readFile(join(data, 'default/tree-at-revision-3.json'), 'utf8'))).toEqual(all);
  expect(await served()).toEqual(all);
  await write('changed');
  expect(await served()).toEqual({ ...all, n1: 'changed' });
  expect(problemsIn(await examine(false))).toEqual([]);
});

test('a repair begins a new journal beside a tree that has none, and goes on with the tree where a journal without its beginning is damaged', async () => {
  await write('first', 'second');
  await rm(join(data, 'default/journal'), { recursive: true });
  expect(problemsIn(await examine(false))).toEqual([expect.stringContaining('there is no journal in')]);
  expect(problemsIn(await examine(true))).toEqual([]);
  await write('third'.repeat(20), 'fourth'.repeat(20));
  await damage('/n2', 3);
  expect(problemsIn(await examine(true))).toEqual([]);
  expect(await served()).toEqual({ n1: 'third'.repeat(20), n2: 'fourth'.repeat(20) });
});

test('a journal without its beginning that is damaged behind the tree goes on from the tree', async () => {
  await write('first', 'second');
  await rm(join(data, 'default/journal'), { recursive: true });
  await examine(true);
  await cp(join(data, 'default/replica'), join(data, 'replica'), { recursive: true });
  await write('third'.repeat(20), 'fourth'.repeat(20), 'fifth'.repeat(20));
  await rm(join(data, 'default/replica'), { recursive: true });
  await rename(join(data, 'replica'), join(data, 'default/replica'));
  await damage('/n2', 3);
  expect(problemsIn(await examine(true))).toEqual([]);
  expect(await served()).toEqual({ n1: 'third'.repeat(20), n2: 'second' });
});

test('a tree that is missing beside a journal without its beginning is a problem that stays', async () => {
  await write('first');
  await rm(join(data, 'default/journal'), { recursive: true });
  await examine(true);
  await rm(join(data, 'default/replica'), { recursive: true });
  expect(problemsIn(await examine(true))).toEqual([expect.stringContaining('there is no tree on disk')]);
});

test('a damaged tree is found, and a repair has it made again from a journal that has everything', async () => {
  await write('first', 'second');
  const file = join(data, 'default/replica/data.mdb');
  const bytes = await readFile(file);
  const damaged = Buffer.from(bytes).fill(0xff, 8_192);
  await writeFile(file, damaged);
  expect(problemsIn(await examine(false))).toEqual([
    expect.stringMatching(
      /^problem default: the tree on disk is damaged: .*; the journal has everything: with .*--repair/,
    ),
  ]);
  expect(problemsIn(await examine(true))).toEqual([]);
  expect(await readFile(join(data, 'default/replica.set-aside/data.mdb'))).toEqual(damaged);
  expect(await served()).toEqual({ n1: 'first', n2: 'second' });
  expect(problemsIn(await examine(false))).toEqual([]);
});

test('a damaged tree that may be the only copy of something stays as it is', async () => {
  await write('first', 'second');
  await rm(join(data, 'default/journal'), { recursive: true });
  const file = join(data, 'default/replica/data.mdb');
  const expectKept = async (why: string): Promise<void> => {
    await truncate(file, 8_192);
    for (const repair of [false, true]) {
      expect(problemsIn(await examine(repair))).toEqual([
        expect.stringMatching(new RegExp(`the tree on disk is damaged: .*; ${why}.*restore a backup`)),
      ]);
    }
    expect((await readFile(file)).length).toBe(8_192);
  };
  const whole = await readFile(file);
  await expectKept('there is no journal');
  await writeFile(file, whole);
  await examine(true);
  await write('third');
  await expectKept('the journal, which begins at revision 3');
});

test('neither of a journal and a tree that are both damaged is touched', async () => {
  await write('first', 'second'.repeat(20), 'third');
  await damage('/n2');
  await truncate(join(data, 'default/replica/data.mdb'), 8_192);
  const journal = await readFile(segment(1));
  const problems = problemsIn(await examine(true));
  expect(problems).toEqual([
    expect.stringContaining(`${segment(1)} at byte`),
    expect.stringContaining('cannot be made again of a journal that is damaged too'),
  ]);
  expect(await readFile(segment(1))).toEqual(journal);
});

test('rules, accounts and keys that are gone are found', async () => {
  await write('first');
  await rm(join(data, 'default.private'), { recursive: true });
  for (const repair of [false, true]) {
    expect(problemsIn(await examine(repair))).toEqual([
      expect.stringContaining('default.private, which has rules, accounts and keys, is empty or gone'),
    ]);
  }
});

test('each finding names its place once', async () => {
  config = { ...config, journalSegmentSize: 4_096 };
  await write('x'.repeat(5_000), 'y'.repeat(5_000), 'z');
  await writeFile(segment(2), 'no journal');
  await mkdir(join(data, 'notes'));
  const problems = problemsIn(await examine(false));
  expect(problems).toEqual([
    `problem default: ${segment(2)} at byte 0: the segment is shorter than its header; run backside doctor --repair, or restore an export`,
    `problem default: ${segment(3)} at byte 0: it begins with revision 3, not 2; run backside doctor --repair, or restore an export`,
  ]);
});

test('a damaged copy of a shared store is found', async () => {
  await write('first');
  await rm(join(data, 'default/journal'), { recursive: true });
  await truncate(join(data, 'default/replica/data.mdb'), 8_192);
  config = { ...config, store: 'postgres', storeUrl: 'postgres://127.0.0.1:1/none' };
  const findings = (await examine(false)).filter((finding) => finding.includes('the copy'));
  expect(findings).toEqual([
    expect.stringMatching(
      /^problem default: the copy is damaged: .*; remove \S+\/default\/replica, and a start makes it/,
    ),
    expect.stringMatching(/^fine default\.private: the copy can be read, all \d+ entries$/),
  ]);
});
