import type { Commit } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import {
  applyChanges,
  type Change,
  encodeNode,
  getAt,
  type Node,
  type Path,
  type PresentNode,
  type Query,
  queryEntries,
  readNode,
} from '@backside/tree';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Engine } from './engine.js';
import { type Environment, openEnvironment } from './environment.js';
import { type Disk, SnapshotReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';
import { anyChanges, anyPath, anyQuery } from './scratch-data.js';

/** A disk that writes in this thread, and as much as a test says. */
class SteppedDisk implements Disk {
  readonly engine: Engine;
  #queue: Commit[] = [];

  constructor(environment: Environment, maxPackedCharacters: number) {
    this.engine = new Engine(environment, maxPackedCharacters);
  }

  enqueue(commits: readonly Commit[]): void {
    this.#queue.push(...commits);
  }

  write(count: number): void {
    this.engine.apply(this.#queue.splice(0, count));
  }

  work(slices: number): void {
    for (let slice = 0; slice < slices && this.engine.hasWork; slice++) this.engine.workSlice();
  }

  async checkpoint(): Promise<void> {
    this.write(Number.POSITIVE_INFINITY);
  }

  async setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    this.engine.setIndexes(definitions);
  }

  async reset(epoch: string): Promise<void> {
    this.#queue = [];
    this.engine.reset(epoch);
  }

  async close(): Promise<void> {}
}

const INDEXES: IndexDefinition[] = [
  { pattern: [], by: ['a'] },
  { pattern: [], by: 'value' },
  { pattern: ['$any'], by: 'value' },
  { pattern: ['a'], by: ['b'] },
  { pattern: ['$any'], by: ['1', 'a'] },
];

type Step =
  | { readonly do: 'commit'; readonly changes: Change[] }
  | { readonly do: 'write'; readonly count: number }
  | { readonly do: 'work'; readonly slices: number }
  | { readonly do: 'advance' }
  | { readonly do: 'index'; readonly definitions: readonly IndexDefinition[] }
  | { readonly do: 'query'; readonly path: Path; readonly query: Query }
  | { readonly do: 'stream'; readonly path: Path };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('commit' as const), changes: anyChanges }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('write' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('work' as const), slices: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('index' as const), definitions: fc.subarray(INDEXES) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('query' as const), path: fc.oneof(fc.constant([]), anyPath), query: anyQuery }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stream' as const), path: anyPath }) },
);

describe('a replica between checkpoints', () => {
  let folder: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    folder = scratchFolder();
  });
  afterEach(() => folder.remove());

  for (const maxPacked of [8, 40]) {
    it(`answers the latest state however far the disk is, with maps split above ${maxPacked} characters`, async () => {
      const environment = openEnvironment(folder.directory, 'owner');
      const disk = new SteppedDisk(environment, maxPacked);
      const replica = new SnapshotReplica(environment, disk);
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), async (steps) => {
          await replica.reset('next');
          new Run(replica, disk).play(steps);
        }),
        { numRuns: 250 },
      );
      await replica.close();
    });
  }
});

class Run {
  readonly #replica: SnapshotReplica;
  readonly #disk: SteppedDisk;
  #model: Node = null;
  readonly #streams: { expected: string; chunks: Iterator<Uint8Array>; text: string }[] = [];

  constructor(replica: SnapshotReplica, disk: SteppedDisk) {
    this.#replica = replica;
    this.#disk = disk;
  }

  play(steps: readonly Step[]): void {
    for (const each of steps) this.#perform(each);
    for (const { expected, chunks, text } of this.#streams) expect(text + rest(chunks)).toBe(expected);
    expect(encodeNode(readNode(this.#replica, []), 'export')).toBe(encodeNode(this.#model, 'export'));
  }

  #perform(each: Step): void {
    switch (each.do) {
      case 'commit':
        this.#model = applyChanges(this.#model, each.changes);
        this.#replica.apply([commitOf(this.#replica.revision + 1, each.changes)]);
        return expect(encodeNode(readNode(this.#replica, []), 'export')).toBe(encodeNode(this.#model, 'export'));
      case 'write':
        return this.#disk.write(each.count);
      case 'work':
        return this.#disk.work(each.slices);
      case 'advance':
        return this.#replica.advance();
      case 'index':
        return this.#disk.engine.setIndexes(each.definitions);
      case 'query':
        return this.#expectAnswer(each.path, each.query);
      case 'stream':
        return this.#openStream(each.path);
    }
  }

  #expectAnswer(path: Path, query: Query): void {
    const { entries } = this.#replica.query(path, query);
    expect(textOf(entries)).toEqual(textOf(queryEntries(getAt(this.#model, path), query)));
  }

  #openStream(path: Path): void {
    const node = getAt(this.#model, path);
    const format = this.#streams.length % 2 === 0 ? 'val' : 'export';
    this.#streams.push({ expected: encodeNode(node, format), chunks: this.#replica.streamJson(path, format), text: '' });
  }
}

function textOf(entries: readonly [string, PresentNode][]): string[] {
  return entries.map(([key, node]) => `${key}=${encodeNode(node, 'export')}`);
}

function rest(chunks: Iterator<Uint8Array>): string {
  let text = '';
  for (let next = chunks.next(); !next.done; next = chunks.next()) text += Buffer.from(next.value).toString();
  return text;
}
