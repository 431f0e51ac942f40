import { Commit } from '@backside/protocol';
import { applyChanges, type Change, encodeNode, type Json, type Node, nodeFromJson, parsePath } from '@backside/tree';
import fc from 'fast-check';
import { expect, it, type TestContext } from 'vitest';
import type { Journal } from './journal.js';
import type { JournalFixture } from './journal-fixture.js';
import { BASE, readAll } from './journal-samples.js';
import { createMemoryReplica } from './memory-replica.js';
import { disjointChanges } from './replica-samples.js';

/** What a new node starts from. */
export function journalCheckpoint(current: () => JournalFixture): void {
  it('has no checkpoint of nothing', async (context) => {
    const { journal } = current();
    if (skipWithout(context, journal)) return;
    expect(await journal.checkpoint!()).toBeNull();
  });

  it('has a checkpoint of all that there was, which leads with the commits after it to the tree', async (context) => {
    const { journal, project } = current();
    if (skipWithout(context, journal)) return;
    const history = new History(journal);
    for (const [path, json] of SCRIPT) await history.append([{ path: parsePath(path), value: nodeAt(path, json) }]);
    await project?.();
    expect((await journal.checkpoint!())?.revision).toBe(SCRIPT.length);
    expect(await restored(journal)).toBe(history.text);
    await history.append([{ path: ['a', 'later'], value: 1 }]);
    expect(await restored(journal)).toBe(history.text);
  });

  it('leads to the tree of any commits, wherever the checkpoint was made', async (context) => {
    const { journal, project } = current();
    if (skipWithout(context, journal)) return;
    const history = new History(journal);
    const commits = fc.array(disjointChanges, { minLength: 1, maxLength: 12 });
    for (const each of fc.sample(commits, { numRuns: 25, seed: 7 })) {
      for (const changes of each) await history.append(changes);
      await project?.();
      expect(await restored(journal)).toBe(history.text);
    }
  });

  it('holds keys and values of every kind in its checkpoint', async (context) => {
    const { journal, project } = current();
    if (skipWithout(context, journal)) return;
    const history = new History(journal);
    const value = nodeFromJson({
      s: '\u0000 "é" \\ 😀 \u2028',
      n: -1.5e-300,
      t: true,
      f: false,
      e: '',
      lone: '\ud800',
    });
    const long = Array.from({ length: 32 }, (_, index) => `${index}`.padEnd(700, 'é'.repeat(3)));
    await history.append([
      { path: ['__proto__', 'a b%_\\'], value },
      { path: ['😀', '\uffee'], value: 1 },
      { path: long, value: 'deep' },
    ]);
    await history.append([{ path: ['big'], value: 'x'.repeat(2_000_000) }]);
    await history.append([{ path: [...long.slice(0, 31), 'other'], value: 2 }]);
    await history.append([{ path: long, value: null }]);
    await project?.();
    expect(await restored(journal)).toBe(history.text);
  });
}

/** Leaves that become maps and back, priorities that come and go with their nodes, subtrees that are replaced. */
const SCRIPT: [string, Json][] = [
  ['/a/b', { '.value': 1, '.priority': 'p' }],
  ['/a/b/c', 2],
  ['/a/.priority', 5],
  ['/x/y/z', true],
  ['/x/y/.priority', 1],
  ['/x/y/z', null],
  ['/x/y/z', false],
  ['/nothing/.priority', 3],
  ['/m', { '.priority': 4, k: { '.value': 'v', '.priority': 1 }, l: { '.priority': 0, n: 1 } }],
  ['/m/l', null],
  ['/m/k/.priority', null],
  ['/a/b', 'leaf again'],
  ['/a', { d: 1, '.priority': 9 }],
  ['/a/d', null],
  ['/a/e', 3],
  ['/', { whole: { new: 1 }, a: { '.value': 0, '.priority': 2 } }],
  ['/a/below', 'x'],
];

/** What is appended, and the tree that it makes. */
class History {
  readonly #journal: Journal;
  #tree: Node = null;
  #revision = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  get text(): string {
    return encodeNode(this.#tree, 'export');
  }

  async append(changes: readonly Change[]): Promise<void> {
    const base = this.#revision++;
    await this.#journal.append(base, [new Commit({ ...BASE, revision: base + 1, changes })]).durable;
    this.#tree = applyChanges(this.#tree, changes);
  }
}

/** The tree of a node that starts from the checkpoint. */
async function restored(journal: Journal): Promise<string> {
  const replica = createMemoryReplica();
  const checkpoint = await journal.checkpoint!();
  if (checkpoint !== null) await replica.restore(journal.epoch, checkpoint.revision, checkpoint.entries);
  replica.apply(await readAll(journal, replica.revision));
  return Buffer.concat([...replica.streamJson([], 'export')]).toString();
}

function nodeAt(path: string, json: Json): Node {
  return path.endsWith('.priority') ? (json as string | number | null) : nodeFromJson(json);
}

function skipWithout(context: TestContext, journal: Journal): boolean {
  if (journal.checkpoint === undefined) context.skip('it has no checkpoint');
  return journal.checkpoint === undefined;
}
