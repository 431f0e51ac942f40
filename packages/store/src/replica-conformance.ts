import { afterEach, beforeEach, describe } from 'vitest';
import { replicaCorpus } from './replica-corpus.suite.js';
import type { ReplicaFixture } from './replica-fixture.js';
import { replicaHistory } from './replica-history.suite.js';
import { replicaQueries } from './replica-queries.suite.js';
import { replicaReads } from './replica-reads.suite.js';
import { replicaRestore } from './replica-restore.suite.js';
import { replicaStreams } from './replica-streams.suite.js';

/** What every replica does. `create` is called once per test. */
export function replicaConformance(name: string, create: () => Promise<ReplicaFixture>): void {
  describe(`${name} as a replica`, () => {
    let fixture: ReplicaFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(async () => {
      await fixture.dispose();
    });
    replicaReads(() => fixture.replica);
    replicaStreams(() => fixture.replica);
    replicaQueries(() => fixture.replica);
    replicaHistory(() => fixture);
    replicaCorpus(() => fixture.replica);
    replicaRestore(() => fixture);
  });
}
