import { randomUUID } from 'node:crypto';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import type { Change } from '@backside/tree';
import type { PostgresJournalOptions } from './options.js';
import { createPostgresProjector } from './projector.js';

/** For tests: the schema of all tests, whose databases have names of their own. */
export const TEST_SCHEMA = 'backside_tests';

/** For tests: a journal that nobody else has, which keeps nothing that its checkpoint has. */
export function journalOptions(url: string, options: Partial<PostgresJournalOptions> = {}): PostgresJournalOptions {
  return {
    url,
    schema: TEST_SCHEMA,
    database: `test-${randomUUID()}`,
    retention: { ageMs: 0, bytes: Number.MAX_SAFE_INTEGER },
    logger: SILENT_LOGGER,
    nodeId: 'node-1',
    ...options,
  };
}

/** For tests: brings the table of nodes to the head of the journal, which stays as it is. */
export async function projectAll(options: PostgresJournalOptions): Promise<void> {
  const retention = { ageMs: 1e12, bytes: Number.MAX_SAFE_INTEGER };
  const projector = await createPostgresProjector({ ...options, retention });
  try {
    await projector.catchUp();
  } finally {
    await projector.close();
  }
}

/** For tests: the commit number `revision`. */
export function commitOf(revision: number, changes: readonly Change[]): Commit {
  return new Commit({ revision, time: 1_700_000_000_000, author: null, origin: 'node-1', changes });
}

/** For tests: the same server behind another port of this machine. */
export function atPort(url: string, port: number): string {
  return Object.assign(new URL(url), { port: `${port}` }).href;
}
