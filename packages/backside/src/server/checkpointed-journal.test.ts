import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryHub, type Notice } from '@backside/notifier';
import { relayNotifications } from '@backside/notifier-ipc';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import { createLmdbCheckpointer, createLmdbReplica, type LmdbCheckpointer } from '@backside/replica-lmdb';
import { createMemoryJournal, type Journal } from '@backside/store';
import { nodeToJson, readNode } from '@backside/tree';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CheckpointedJournal } from './checkpointed-journal.js';
import { NodeLink } from './node-link.js';
import { Opened } from './opened.js';
import { joinRelay } from './worker-news.js';

const commitAt = (revision: number): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'n', changes: [{ path: [`n${revision}`], value: revision }] });

let folder: string;
let opened: Opened;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-primary-'));
  opened = new Opened();
});
afterEach(async () => {
  await opened.close();
  await rm(folder, { recursive: true });
});

function checkpointerAt(name: string): LmdbCheckpointer {
  return createLmdbCheckpointer({ directory: join(folder, name), checkpoint: { maxDelayMs: 10 } });
}

async function append(journal: Journal, ...revisions: number[]): Promise<void> {
  expect(await journal.append(revisions[0]! - 1, revisions.map(commitAt)).durable).toMatchObject({
    status: 'appended',
  });
}

/** What workers would read from the disk. */
async function onDisk(name: string): Promise<unknown> {
  const replica = createLmdbReplica({ directory: join(folder, name), mode: 'follower' });
  try {
    return nodeToJson(readNode(replica, []), 'export');
  } finally {
    await replica.close();
  }
}

test("a tree that is behind what the journal keeps, or of another history, starts from the journal's checkpoint", async () => {
  for (const before of ['nothing', 'another history']) {
    const journal = createMemoryJournal({ keepsTree: true });
    await append(journal, 1, 2, 3, 4);
    await journal.trim(3);
    const checkpointer = checkpointerAt(before);
    if (before === 'another history') {
      await checkpointer.reset('another');
      checkpointer.enqueue([commitAt(1)]);
      await checkpointer.checkpoint();
    }
    const primary = new CheckpointedJournal({ database: 'main', journal, checkpointer, logger: SILENT_LOGGER });
    await primary.catchUp();
    await primary.close();
    expect(await onDisk(before)).toEqual({ n1: 1, n2: 2, n3: 3, n4: 4 });
  }
});

test('what other nodes append reaches the disk and the workers, and they are told of what is appended here', async () => {
  const hub = createMemoryHub();
  const journal = createMemoryJournal();
  const relay = relayNotifications();
  const worker = opened.add(joinRelay(relay));
  const other = opened.add(hub.connect());
  const link = opened.add(new NodeLink(opened.add(hub.connect()), joinRelay(relay), SILENT_LOGGER));
  const [atWorker, atOther]: [number[], number[]] = [[], []];
  const into =
    (list: number[]) =>
    ({ commits }: Notice): void =>
      void list.push(...commits.map(({ revision }) => revision));
  await worker.subscribe('main', into(atWorker));
  await other.subscribe('main', into(atOther));

  const primary = new CheckpointedJournal({
    database: 'main',
    journal,
    checkpointer: checkpointerAt('main'),
    logger: SILENT_LOGGER,
  });
  await primary.catchUp();
  await primary.follow(link, { patienceMs: 2_000 });
  await append(journal, 1, 2);
  other.publish('main', [commitAt(1), commitAt(2)]);
  await vi.waitFor(() => expect(atWorker).toEqual([1, 2]));
  await append(primary, 3);
  await vi.waitFor(() => expect(atOther).toEqual([3]));
  // Here nobody tells of 4; what was appended here afterwards brings it to light.
  await append(journal, 4);
  await append(primary, 5);
  await vi.waitFor(() => expect(atWorker).toEqual(expect.arrayContaining([4, 5])));
  await primary.close();
  expect(await onDisk('main')).toEqual({ n1: 1, n2: 2, n3: 3, n4: 4, n5: 5 });
});
