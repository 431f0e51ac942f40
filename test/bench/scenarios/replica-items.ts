import { join } from 'node:path';
import { Commit } from '@backside/protocol';
import { createLmdbReplica, type LmdbReplica } from '@backside/replica-lmdb';
import { type Change, nodeFromJson, parseQuery } from '@backside/tree';
import { anonymousBytes } from '../../harness/measure.js';
import { itemKey, itemOf } from '../items.js';
import type { Scenario } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';

/** The replica is the measured process itself: no server, no network. */
export interface ReplicaOptions {
  readonly folder: string;
}

const ITEMS_PER_COMMIT = 1000;
const COMMITS_PER_CHECKPOINT = 20;

async function openReplica({ folder }: ReplicaOptions): Promise<LmdbReplica> {
  const replica = createLmdbReplica({ directory: join(folder, 'replica') });
  await replica.setIndexes([{ pattern: ['items'], by: ['score'] }]);
  return replica;
}

/** Fills a new replica; the other scenarios find it as a new process finds it. A unit is an item. */
export const replicaFill: Scenario<ReplicaOptions> = async (options) => {
  const replica = createLmdbReplica({ directory: join(options.folder, 'replica') });
  await replica.reset('bench');
  await replica.setIndexes([{ pattern: ['items'], by: ['score'] }]);
  return {
    async round(items) {
      const watch = new Stopwatch(process.pid);
      for (let start = 0; start < items; start += ITEMS_PER_COMMIT) {
        replica.apply([commitOf(replica.revision + 1, start, Math.min(items, start + ITEMS_PER_COMMIT))]);
        if (replica.revision % COMMITS_PER_CHECKPOINT === 0) await replica.checkpoint();
      }
      return watch.stop(items);
    },
    close: () => replica.close(),
  };
};

function commitOf(revision: number, start: number, end: number): Commit {
  const changes: Change[] = [];
  for (let index = start; index < end; index += 1) {
    changes.push({ path: ['items', itemKey(index)], value: nodeFromJson(itemOf(index)) });
  }
  return new Commit({ revision, time: 0, author: null, origin: 'bench', changes });
}

/** The 50 items with the highest scores. A round is measured in seconds, a unit is one such query. */
export const replicaLast: Scenario<ReplicaOptions> = async (options) => {
  const replica = await openReplica(options);
  const query = parseQuery({ orderBy: 'score', limitToLast: 50 });
  return {
    async round(seconds) {
      const watch = new Stopwatch(process.pid);
      let reads = 0;
      while (watch.seconds < seconds) {
        const { entries, indexed } = replica.query(['items'], query);
        if (entries.length !== 50 || !indexed) throw new Error(`${entries.length} entries, indexed: ${indexed}`);
        reads += 1;
      }
      return watch.stop(reads);
    },
    close: () => replica.close(),
  };
};

/** Streams all items as JSON, `amount` times. A unit is a megabyte, the value the growth of anonymous memory since the start. */
export const replicaScan: Scenario<ReplicaOptions> = async (options) => {
  const replica = await openReplica(options);
  const atStart = anonymousBytes(process.pid);
  return {
    async round(amount) {
      let peak = atStart;
      let bytes = 0;
      const watch = new Stopwatch(process.pid);
      for (let pass = 0; pass < amount; pass += 1) {
        let chunks = 0;
        for (const chunk of replica.streamJson(['items'], 'val')) {
          bytes += chunk.length;
          chunks += 1;
          if (chunks % 8 === 1) peak = Math.max(peak, anonymousBytes(process.pid));
        }
      }
      return watch.stop(bytes / 1e6, [peak - atStart]);
    },
    close: () => replica.close(),
  };
};
