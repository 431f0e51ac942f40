import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { getAt, isMap, type Json, type Node, nodesEqual, nodeToJson, parsePath, readNode } from '@backside/tree';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeadLetterBound } from './dead-letter-bound.js';
import type { Trigger, WriteEvent } from './define.js';
import { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import { Recorder } from './recorder.js';
import { Registry } from './registry.js';
import { Shadow } from './shadow.js';
import type { StoredEvent } from './stored-event.js';
import { FunctionsFixture } from './testing/functions-fixture.js';

const HOLDER = 'me';
const PATTERNS = ['/a/{x}', '/{x}/{y}', '/a/b', '/{x}/b/{z}'];

/** A tree whose next updates fail, each before or after it took effect. */
class FailingTree implements PrivateTree {
  readonly #tree: PrivateTree;
  readonly failures: ('before' | 'after' | null)[] = [];
  readonly read: PrivateTree['read'];
  readonly keys: PrivateTree['keys'];
  readonly watch: PrivateTree['watch'];
  readonly refresh: PrivateTree['refresh'];

  constructor(tree: PrivateTree) {
    this.#tree = tree;
    this.read = (path) => tree.read(path);
    this.keys = (path, range) => tree.keys(path, range);
    this.watch = (path, changed) => tree.watch(path, changed);
    this.refresh = () => tree.refresh();
  }

  async update(...update: Parameters<PrivateTree['update']>): Promise<void> {
    const failure = this.failures.shift() ?? null;
    if (failure === 'before') throw new BacksideError('unavailable');
    await this.#tree.update(...update);
    if (failure === 'after') throw new BacksideError('unavailable');
  }
}

describe('the recorder', () => {
  let fixture: FunctionsFixture;
  let tree: FailingTree;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
    tree = await newTree();
  });
  afterEach(() => fixture.close());

  async function newTree(): Promise<FailingTree> {
    const inner = createMemoryPrivateTree();
    await inner.update([{ path: PLACES.lease, value: { holder: HOLDER, beat: 1 } }]);
    return new FailingTree(inner);
  }

  /** As a new process begins. */
  function newRecorder(patterns: readonly string[] = PATTERNS): Recorder {
    const store = new FunctionStore(tree, HOLDER);
    const registry = new Registry({ store, pointFor: () => fixture.database });
    const triggers = patterns.map((pattern): Trigger => ({ kind: 'write', pattern }));
    const declared = triggers.map((trigger, index) => ({ name: `f:${index}`, file: 'f', trigger, options: {} }));
    registry.declare(declared, new Set());
    return new Recorder({
      database: fixture.database,
      journal: fixture.journal,
      reader: fixture.replica,
      now: Date.now,
      logger: SILENT_LOGGER,
      store,
      registry,
      shadow: new Shadow(tree, 1_000_000),
      deadLetters: new DeadLetterBound(store, 1_000),
      recorded: () => {},
    });
  }

  /** The events that wait for the function of a pattern, in their order. */
  function recorded(index: number): Pick<WriteEvent, 'path' | 'before' | 'after' | 'revision'>[] {
    const name = `f:${index}`;
    return tree.keys(PLACES.pendingOf(name)).map((key) => {
      const { event } = JSON.parse(String(tree.read(PLACES.entry(name, key)))) as StoredEvent;
      const { path, before, after, revision } = event as WriteEvent;
      return { path, before, after, revision };
    });
  }

  it('gives each function each change of its nodes once, with the right values, through failures and restarts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { minLength: 1, maxLength: 25 }), async (operations) => {
        tree = await newTree();
        let recorder = newRecorder();
        await until(() => recorder.step());
        const expected: Expected[] = [];
        for (const { path, value, act, failure } of operations) {
          const before = readNode(fixture.replica, []);
          await fixture.write(path, value);
          expected.push(...differences(before, readNode(fixture.replica, []), fixture.database.revision));
          if (act === 'wait') continue;
          if (act === 'restart') recorder = newRecorder();
          tree.failures.push(failure);
          await recorder.step().catch(() => false);
        }
        tree.failures.length = 0;
        await until(() => recorder.step());
        for (const index of PATTERNS.keys()) {
          const wanted = expected.filter(({ pattern }) => pattern === index).map(({ event }) => event);
          expect(recorded(index).sort(inOrder)).toEqual(wanted.sort(inOrder));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('goes on in the middle of a commit that is too large for one write', async () => {
    const recorder = newRecorder(['/a/{x}']);
    await recorder.step();
    const names = Array.from({ length: 1_300 }, (_, index) => `n${index}`);
    await fixture.write('/a', Object.fromEntries(names.map((name) => [name, 1])));
    tree.failures.push(null, 'after', null, 'before');
    await expect(recorder.step()).rejects.toMatchObject({ code: 'unavailable' });
    expect(recorded(0).length).toBeGreaterThan(0);
    await expect(newRecorder(['/a/{x}']).step()).rejects.toMatchObject({ code: 'unavailable' });
    await until(() => newRecorder(['/a/{x}']).step());
    const paths = recorded(0).map(({ path }) => path);
    expect(paths).toHaveLength(names.length);
    expect(new Set(paths)).toEqual(new Set(names.map((name) => `/a/${name}`)));
  });

  it('makes one event per node of what the journal has dropped', async () => {
    await fixture.write('/a', { same: 1, gone: 1, other: 1 });
    const recorder = newRecorder(['/a/{x}']);
    await recorder.step();
    for (let n = 0; n < 5; n++) await fixture.write('/a/other', n);
    await fixture.write('/a/gone', null);
    await fixture.write('/a/new', 1);
    await fixture.journal.trim(fixture.database.revision);
    await until(() => newRecorder(['/a/{x}']).step());
    const { revision } = fixture.database;
    expect(recorded(0).sort(inOrder)).toEqual([
      { path: '/a/gone', before: 1, after: null, revision },
      { path: '/a/new', before: null, after: 1, revision },
      { path: '/a/other', before: 1, after: 4, revision },
    ]);
  });

  it('begins anew in another history, with what was watched before', async () => {
    await until(() => newRecorder(['/a/{x}']).step());
    for (let n = 0; n < 9; n++) await fixture.write('/a/old', n);
    await until(() => newRecorder(['/a/{x}']).step());
    expect(recorded(0)).toHaveLength(9);
    await fixture.close();
    fixture = await FunctionsFixture.create();
    await fixture.write('/a/there', 1);
    const recorder = newRecorder(['/a/{x}']);
    await recorder.step();
    await fixture.write('/a/there', 2);
    await recorder.step();
    const { revision } = fixture.database;
    expect(recorded(0)).toEqual([{ path: '/a/there', before: 1, after: 2, revision }]);
  });

  it('gives a function that is new nothing of what was before, though the others are behind', async () => {
    const first = newRecorder(['/a/{x}']);
    await first.step();
    await fixture.write('/a/old', 1);
    await fixture.write('/b/old', 1);
    const second = newRecorder(['/a/{x}', '/b/{x}']);
    await until(() => second.step());
    await fixture.write('/b/old', 2);
    await until(() => second.step());
    expect(recorded(0).map(({ path }) => path)).toEqual(['/a/old']);
    const { revision } = fixture.database;
    expect(recorded(1)).toEqual([{ path: '/b/old', before: 1, after: 2, revision }]);
  });
});

const key = fc.constantFrom('a', 'b', 'c');
const leaf = fc.constantFrom(1, 2, 'x', true);
const value: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: fc.constant(null), weight: 2 },
  leaf,
  fc.dictionary(key, leaf, { maxKeys: 2 }),
  fc.dictionary(key, fc.dictionary(key, leaf, { maxKeys: 2 }), { maxKeys: 2 }),
);
const operation = fc.record({
  path: fc.array(key, { maxLength: 4 }).map((keys) => `/${keys.join('/')}`),
  value,
  act: fc.constantFrom('wait', 'step', 'restart'),
  failure: fc.constantFrom(null, null, 'before' as const, 'after' as const),
});

interface Expected {
  /** Its index. */
  readonly pattern: number;
  readonly event: Pick<WriteEvent, 'path' | 'before' | 'after' | 'revision'>;
}

/** What a commit did to the nodes of each pattern, by looking at both whole trees. */
function differences(before: Node, after: Node, revision: number): Expected[] {
  return PATTERNS.flatMap((text, pattern) => {
    const segments = parsePath(text.replaceAll(/[{}]/g, '')).map((piece, index) =>
      text.split('/')[index + 1]?.startsWith('{') ? null : piece,
    );
    const paths = new Set([...pathsOf(before, segments), ...pathsOf(after, segments)]);
    return [...paths].flatMap((path): Expected[] => {
      const [old, now] = [getAt(before, parsePath(path)), getAt(after, parsePath(path))];
      if (nodesEqual(old, now)) return [];
      return [{ pattern, event: { path, before: nodeToJson(old, 'val'), after: nodeToJson(now, 'val'), revision } }];
    });
  });
}

function pathsOf(node: Node, [segment, ...rest]: readonly (string | null)[], above = ''): string[] {
  if (segment === undefined) return [above];
  if (!isMap(node)) return [];
  const children = [...node.children].filter(([name]) => segment === null || segment === name);
  return children.flatMap(([name, child]) => pathsOf(child, rest, `${above}/${name}`));
}

function inOrder(a: { revision: number; path: string }, b: { revision: number; path: string }): number {
  return a.revision - b.revision || (a.path < b.path ? -1 : 1);
}

/** Calls `step` until there is nothing new. */
async function until(step: () => Promise<boolean>): Promise<void> {
  for (let steps = 0; await step(); steps++) expect(steps).toBeLessThan(1_000);
}
