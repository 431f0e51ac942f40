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
import { openEnvironment } from './environment.js';
import { SnapshotReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';
import { anyChanges, anyPath, anyQuery } from './scratch-data.js';
import { SteppedDisk } from './scratch-disk.js';

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
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('query' as const),
      path: fc.oneof(fc.constant([]), anyPath),
      query: anyQuery,
    }),
  },
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
  readonly #streams: { expected: string; chunks: Iterable<Uint8Array> }[] = [];

  constructor(replica: SnapshotReplica, disk: SteppedDisk) {
    this.#replica = replica;
    this.#disk = disk;
  }

  play(steps: readonly Step[]): void {
    for (const each of steps) this.#perform(each);
    for (const { expected, chunks } of this.#streams) expect(Buffer.concat([...chunks]).toString()).toBe(expected);
    expect(encodeNode(readNode(this.#replica, []), 'export')).toBe(encodeNode(this.#model, 'export'));
  }

  #perform(each: Step): void {
    switch (each.do) {
      case 'commit':
        this.#model = applyChanges(this.#model, each.changes);
        this.#replica.apply([commitOf(this.#replica.revision + 1, each.changes)]);
        expect(encodeNode(readNode(this.#replica, []), 'export')).toBe(encodeNode(this.#model, 'export'));
        break;
      case 'write':
        this.#disk.write(each.count);
        break;
      case 'work':
        this.#disk.work(each.slices);
        break;
      case 'advance':
        this.#replica.advance();
        break;
      case 'index':
        this.#disk.engine.setIndexes(each.definitions);
        break;
      case 'query':
        this.#expectAnswer(each.path, each.query);
        break;
      case 'stream':
        this.#openStream(each.path);
        break;
    }
  }

  #expectAnswer(path: Path, query: Query): void {
    const { entries } = this.#replica.query(path, query);
    expect(textOf(entries)).toEqual(textOf(queryEntries(getAt(this.#model, path), query)));
  }

  #openStream(path: Path): void {
    const node = getAt(this.#model, path);
    const format = this.#streams.length % 2 === 0 ? 'val' : 'export';
    this.#streams.push({
      expected: encodeNode(node, format),
      chunks: this.#replica.streamJson(path, format),
    });
  }
}

function textOf(entries: readonly [string, PresentNode][]): string[] {
  return entries.map(([key, node]) => `${key}=${encodeNode(node, 'export')}`);
}
