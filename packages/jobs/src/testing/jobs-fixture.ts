import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { type Json, nodeToJson, parsePath } from '@backside/tree';
import { onTestFinished } from 'vitest';
import { createJobs } from '../create-jobs.js';
import { createEmbeddedQueue } from '../embedded/embedded-queue.js';
import type { Jobs, JobsOptions } from '../jobs.js';
import type { Queue } from '../queue.js';

/** Jobs over an embedded queue, all in memory, until the test is over. */
export interface JobsFixture {
  readonly jobs: Jobs;
  readonly queue: Queue;
  readonly database: Database;
  readonly tree: PrivateTree;
  /** What stands at a path of the tree. */
  at(path: string): Json;
}

export async function startJobs(options: Partial<JobsOptions> = {}): Promise<JobsFixture> {
  const database = options.database ?? (await openMemoryDatabase());
  const tree = options.tree ?? createMemoryPrivateTree();
  const queue = options.queue ?? createEmbeddedQueue({ tree, logger: SILENT_LOGGER, now: Date.now });
  const jobs = createJobs({
    queue,
    database,
    tree,
    visibilityMs: 1_500,
    backoff: { delayMs: 10, jitter: 0 },
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    ...options,
  });
  onTestFinished(() => jobs.close());
  return {
    jobs,
    queue,
    database,
    tree,
    at: (path) => nodeToJson(database.read(ADMIN, parsePath(path)).node, 'val'),
  };
}

export function openMemoryDatabase(): Promise<Database> {
  return createDatabase({
    name: 'main',
    journal: createMemoryJournal({ keepCommits: 100_000 }),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
  });
}

/** A folder with these files, until the test is over. */
export async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'backside-jobs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** Keeps what is logged. */
export function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const record: Logger['info'] = (fields, message) => lines.push(`${message} ${JSON.stringify(fields)}`);
  return { logger: { debug: record, info: record, warn: record, error: record }, lines };
}
