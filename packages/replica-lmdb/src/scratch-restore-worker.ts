/** For tests: restores a tree that never ends, until it is killed. Prints a line once some of it is on disk. */
import type { Change } from '@backside/tree';
import { createLmdbReplica } from './open-replica.js';

async function* endless(): AsyncGenerator<readonly Change[]> {
  for (let batch = 0; ; batch++) {
    const rows = Array.from(
      { length: 10_000 },
      (_, row): Change => ({ path: ['rows', `r${batch}-${row}`], value: row }),
    );
    yield [...rows, { path: ['rows', `r${batch}-0`, '.priority'], value: batch }];
    if (batch === 12) process.stdout.write('restoring\n');
  }
}

const replica = createLmdbReplica({ directory: process.argv[2]! });
await replica.restore('restored', 7, endless());
