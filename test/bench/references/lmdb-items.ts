/** Bare LMDB programs over the items of `items.ts`: the last entries of an index, and a scan that builds JSON text. */
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { anonymousBytes } from '../../harness/measure.js';
import { type Item, itemKey, itemOf } from '../items.js';
import type { Scenario } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

export interface LmdbOptions {
  readonly folder: string;
  /** One entry per leaf, or one per item with its leaves packed into a JSON text. */
  readonly layout: 'leaves' | 'packed';
}

type Leaf = string | number | boolean;

interface Tables {
  readonly root: RootDatabase;
  readonly data: Database<unknown, string>;
  readonly byScore: Database<string, number>;
}

function openItems(options: LmdbOptions): Tables {
  const root = open({ path: join(options.folder, `bare-${options.layout}`), maxDbs: 3, noSync: true });
  const data = root.openDB<unknown, string>({ name: 'items', encoding: 'json' });
  const byScore = root.openDB<string, number>({ name: 'score', encoding: 'string' });
  return { root, data, byScore };
}

const FILL_BATCH = 10_000;

interface FillRange {
  readonly layout: LmdbOptions['layout'];
  readonly start: number;
  readonly end: number;
}

function fillRange({ data, byScore }: Tables, range: FillRange): void {
  const { layout, start, end } = range;
  for (let index = start; index < end; index += 1) {
    const item = itemOf(index);
    const key = itemKey(index);
    if (layout === 'packed') data.putSync(key, item);
    else for (const [name, value] of Object.entries(item)) data.putSync(`${key}/${name}`, value);
    byScore.putSync(item.score, key);
  }
}

/** Fills the tables; the other scenarios find them as a new process finds them. A unit is an item. */
export const lmdbFill: Scenario<LmdbOptions> = async (options) => {
  const tables = openItems(options);
  return {
    async round(items) {
      const watch = new Stopwatch(process.pid);
      for (let start = 0; start < items; start += FILL_BATCH) {
        const end = Math.min(items, start + FILL_BATCH);
        await tables.root.transaction(() => fillRange(tables, { layout: options.layout, start, end }));
      }
      return watch.stop(items);
    },
    close: () => tables.root.close(),
  };
};

/** Reads the 50 items with the highest scores through the index. A round is measured in seconds, a unit is one such read. */
export const lmdbLast: Scenario<LmdbOptions> = async (options) => {
  const { root, data, byScore } = openItems(options);
  return {
    async round(seconds) {
      const watch = new Stopwatch(process.pid);
      let reads = 0;
      while (watch.seconds < seconds) {
        const entries: [string, Item][] = [];
        for (const { value: key } of byScore.getRange({ reverse: true, limit: 50 })) {
          entries.push([key, data.get(key) as Item]);
        }
        if (entries.length !== 50) throw new Error(`read ${entries.length} entries in place of 50`);
        reads += 1;
      }
      return watch.stop(reads);
    },
    close: () => root.close(),
  };
};

/**
 * Builds the JSON text of everything in chunks of 64 KiB, `amount` times. A unit is a megabyte, the value the growth of
 * anonymous memory since the start.
 */
export const lmdbScan: Scenario<LmdbOptions> = async (options) => {
  const { root, data } = openItems(options);
  const scan = options.layout === 'packed' ? scanPacked : scanLeaves;
  const atStart = anonymousBytes(process.pid);
  return {
    async round(amount) {
      let peak = atStart;
      let bytes = 0;
      const watch = new Stopwatch(process.pid);
      for (let pass = 0; pass < amount; pass += 1) {
        let chunks = 0;
        for (const chunk of scan(data)) {
          bytes += chunk.length;
          chunks += 1;
          if (chunks % 8 === 1) peak = Math.max(peak, anonymousBytes(process.pid));
        }
      }
      return watch.stop(bytes / 1e6, [peak - atStart]);
    },
    close: () => root.close(),
  };
};

const CHUNK_CHARACTERS = 65_536;

function* scanLeaves(data: Database<unknown, string>): Generator<Buffer> {
  let text = '{';
  let open = '';
  for (const { key, value } of data.getRange()) {
    const slash = key.indexOf('/');
    const item = key.slice(0, slash);
    if (item !== open) {
      text += `${open === '' ? '' : '},'}${JSON.stringify(item)}:{`;
      open = item;
    } else text += ',';
    text += `${JSON.stringify(key.slice(slash + 1))}:${JSON.stringify(value as Leaf)}`;
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(`${text}}}`);
}

function* scanPacked(data: Database<unknown, string>): Generator<Buffer> {
  let text = '{';
  let separator = '';
  for (const { key, value } of data.getRange()) {
    text += `${separator}${JSON.stringify(key)}:${JSON.stringify(value)}`;
    separator = ',';
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(`${text}}`);
}
