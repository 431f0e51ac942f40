/**
 * What the replica costs at a million leaves, against the bare LMDB calls that the same answers need at least, and against itself at
 * a thousand leaves. Prints one line per figure. Run from the root of the repository:
 *
 *     node --expose-gc --conditions=source --import tsx packages/replica-lmdb/src/replica.bench.ts [leaves] [restore]
 */
import { setImmediate } from 'node:timers/promises';
import { type Change, parseQuery } from '@backside/tree';
import { Engine } from './engine.js';
import { openEnvironment } from './environment.js';
import { createLmdbReplica } from './open-replica.js';
import type { LmdbReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';

const LEAVES = Number(process.argv[2] ?? 1_000_000);
const LAST_50 = parseQuery({ orderBy: 'n', limitToLast: 50 });

const LAST_50_BY_PRIORITY = parseQuery({ orderBy: '$priority', limitToLast: 50 });

function print(name: string, figure: string): void {
  process.stdout.write(`${name.padEnd(58)} ${figure}\n`);
}

function keyOf(index: number): string {
  return `item${String(index).padStart(8, '0')}`;
}

/** The best of several runs, in microseconds of processor time per call. */
function perCall(calls: number, work: (call: number) => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 5; run++) {
    const from = process.cpuUsage();
    for (let call = 0; call < calls; call++) work(call);
    const { user, system } = process.cpuUsage(from);
    best = Math.min(best, (user + system) / calls);
  }
  return best;
}

async function fill(replica: LmdbReplica, leaves: number): Promise<void> {
  await replica.reset('bench');
  const perCommit = Math.min(1000, leaves);
  for (let start = 0; start < leaves; start += perCommit) {
    const changes = Array.from({ length: perCommit }, (_, offset) => {
      const index = start + offset;
      return { path: ['items', keyOf(index), 'n'], value: (index * 7919) % leaves };
    });
    replica.apply([commitOf(replica.revision + 1, changes)]);
    await setImmediate();
  }
  await replica.checkpoint();
}

/** The time of the longest turn of the event loop while `work` goes on, in milliseconds. */
async function longestStall<Result>(work: Promise<Result>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1);
  await work;
  clearInterval(timer);
  return longest;
}

function streamOnce(replica: LmdbReplica): { bytes: number; ms: number; residentGrowthMb: number } {
  globalThis.gc?.();
  const resident = process.memoryUsage().rss;
  let peak = resident;
  const from = performance.now();
  let bytes = 0;
  let chunks = 0;
  for (const chunk of replica.streamJson(['items'], 'export')) {
    bytes += chunk.length;
    if (++chunks % 50 === 0) peak = Math.max(peak, process.memoryUsage().rss);
  }
  return { bytes, ms: performance.now() - from, residentGrowthMb: (peak - resident) / 1e6 };
}

/** The same text from the records alone, by the plainest loop over them. */
function bareScan(directory: string): { bytes: number; ms: number } {
  const { nodes, root } = openEnvironment(directory, 'reader');
  root.resetReadTxn();
  const from = performance.now();
  let bytes = 0;
  let text = '';
  let lead = '{';
  for (const { key, value } of nodes.getRange({ start: { id: 1, key: '' }, end: { id: 2, key: '' } })) {
    text += `${lead}${JSON.stringify(key)}:${value.toString('utf8', 0, nodes.lastSize)}`;
    lead = ',';
    if (text.length < 65536) continue;
    bytes += Buffer.from(text).length;
    text = '';
  }
  bytes += Buffer.from(`${text}}`).length;
  return { bytes, ms: performance.now() - from };
}

/** Fifty records by their keys, decoded. */
function bareReads(directory: string, leaves: number): number {
  const { nodes, root } = openEnvironment(directory, 'reader');
  root.resetReadTxn();
  return perCall(2000, (call) => {
    for (let offset = 0; offset < 50; offset++) {
      const value = nodes.getBinaryFast({ id: 1, key: keyOf((call * 997 + offset * 7919) % leaves) });
      JSON.parse(value!.toString('utf8', 0, nodes.lastSize));
    }
  });
}

interface Costs {
  readonly read: number;
  readonly bareRead: number;
  readonly hot: number;
  readonly apply: number;
}

async function measure(leaves: number): Promise<Costs> {
  const folder = scratchFolder();
  const replica = createLmdbReplica({ directory: folder.directory });
  const begun = performance.now();
  const stall = await longestStall(fill(replica, leaves));
  print(
    `${leaves} leaves: filled and checkpointed`,
    `${((performance.now() - begun) / 1000).toFixed(1)} s, longest stall ${stall.toFixed(0)} ms`,
  );
  const indexed = performance.now();
  await replica.setIndexes([{ pattern: ['items'], by: ['n'] }]);
  print(`${leaves} leaves: index built`, `${((performance.now() - indexed) / 1000).toFixed(1)} s`);
  for (let run = 0; run < 3; run++) {
    const ours = streamOnce(replica);
    const bare = bareScan(folder.directory);
    const speed = (bytes: number, ms: number): string => `${(bytes / 1000 / ms).toFixed(0)} MB/s`;
    print('  stream of everything', `${speed(ours.bytes, ours.ms)}, resident +${ours.residentGrowthMb.toFixed(0)} MB`);
    print(
      '  bare scan building the same text',
      `${speed(bare.bytes, bare.ms)}, stream is ${(bare.ms / ours.ms).toFixed(2)} of it`,
    );
  }
  const last50 = perCall(500, () => replica.query(['items'], LAST_50));
  const bare50 = bareReads(folder.directory, leaves);
  print(
    '  last 50 by an indexed child',
    `${last50.toFixed(0)} µs, ${(last50 / bare50).toFixed(1)} x a bare read of 50`,
  );
  const default50 = perCall(500, () => replica.query(['items'], LAST_50_BY_PRIORITY));
  print('  last 50 in the default order', `${default50.toFixed(0)} µs`);
  const read = perCall(50_000, (call) => replica.glance(['items', keyOf((call * 7919) % leaves), 'n']));
  print('  read of a leaf', `${read.toFixed(2)} µs`);
  const { nodes, root } = openEnvironment(folder.directory, 'reader');
  root.resetReadTxn();
  const bareRead = perCall(50_000, (call) => nodes.getBinaryFast({ id: 1, key: keyOf((call * 7919) % leaves) }));
  print('  bare read of the same record', `${bareRead.toFixed(2)} µs`);
  const hot = perCall(50_000, (call) => replica.glance(['items', keyOf((call * 7919) % 50), 'n']));
  print('  read of one of 50 leaves', `${hot.toFixed(2)} µs`);
  const apply = perCall(10_000, (call) => {
    const change = { path: ['items', keyOf((call * 7919) % leaves), 'n'], value: call };
    replica.apply([commitOf(replica.revision + 1, [change])]);
  });
  print('  apply of a small commit', `${apply.toFixed(2)} µs`);
  const tail50 = perCall(500, (call) => {
    replica.apply([commitOf(replica.revision + 1, [{ path: ['items', keyOf(call), 'n'], value: leaves + call }])]);
    replica.query(['items'], LAST_50);
  });
  print('  a commit and the last 50, above a long tail', `${tail50.toFixed(0)} µs`);
  const removed = longestStall(
    (async () => {
      replica.apply([commitOf(replica.revision + 1, [{ path: ['items'], value: null }])]);
      await replica.checkpoint();
    })(),
  );
  print('  removal of everything, longest stall', `${(await removed).toFixed(0)} ms`);
  await replica.close();
  folder.remove();
  return { read, bareRead, hot, apply };
}

async function measureOpen(leaves: number): Promise<void> {
  const folder = scratchFolder();
  const first = createLmdbReplica({ directory: folder.directory });
  await fill(first, leaves);
  await first.close();
  const from = performance.now();
  const again = createLmdbReplica({ directory: folder.directory });
  print(`${leaves} leaves: opened at revision ${again.revision}`, `${(performance.now() - from).toFixed(1)} ms`);
  await again.close();
  folder.remove();
}

/** What a checkpoint would hold up if it were made by the thread that serves. */
async function measureInline(changes: number): Promise<void> {
  const folder = scratchFolder();
  const environment = openEnvironment(folder.directory, 'owner');
  const engine = new Engine(environment);
  const commits = Array.from({ length: changes }, (_, index) =>
    commitOf(index + 1, [{ path: ['items', keyOf(index * 7919), 'n'], value: index }]),
  );
  const from = performance.now();
  engine.apply(commits);
  print(`a checkpoint of ${changes} changes on the caller's thread`, `${(performance.now() - from).toFixed(0)} ms`);
  await environment.root.close();
  folder.remove();
}

/** Leaves as a checkpoint gives them, in the order of their keys or in none. */
async function* entriesOf(leaves: number, inOrder: boolean): AsyncGenerator<readonly Change[]> {
  const perBatch = 1000;
  for (let start = 0; start < leaves; start += perBatch) {
    yield Array.from({ length: Math.min(perBatch, leaves - start) }, (_, offset) => {
      const index = inOrder ? start + offset : ((start + offset) * 7919) % leaves;
      return { path: ['items', keyOf(index), 'n'], value: index };
    });
  }
}

/** The resident memory of this process and its thread, at its highest while `work` went on, in megabytes above what it was. */
async function residentGrowth(work: () => Promise<void>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 20);
  await work();
  clearInterval(timer);
  return (peak - before) / 1e6;
}

async function measureRestore(leaves: number, inOrder: boolean): Promise<void> {
  const folder = scratchFolder();
  const replica = createLmdbReplica({ directory: folder.directory });
  const from = performance.now();
  const growth = await residentGrowth(() => replica.restore('bench', 1, entriesOf(leaves, inOrder)));
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  const order = inOrder ? 'in key order' : 'in no order';
  print(
    `${leaves} leaves restored ${order}`,
    `${seconds} s, resident +${growth.toFixed(0)} MB (LMDB's pages included)`,
  );
  await replica.close();
  folder.remove();
}

if (process.argv[3] === 'restore') {
  await measureRestore(LEAVES, true);
  await measureRestore(LEAVES, false);
  process.exit();
}
await measureInline(50_000);
const small = await measure(1000);
const large = await measure(LEAVES);
for (const name of ['read', 'bareRead', 'hot', 'apply'] as const) {
  print(`${name}, large against small`, (large[name] / small[name]).toFixed(2));
}
await measureOpen(LEAVES);
await measureRestore(LEAVES, true);
await measureRestore(LEAVES, false);
