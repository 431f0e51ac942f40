import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLmdbReplica } from '@backside/replica-lmdb';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openCopy } from './shared-storage.js';

// Trees are read through by processes that are started from their source.
vi.setConfig({ testTimeout: 120_000 });

test('a damaged copy is refused with the folder that is to be removed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backside-copy-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const open = (): ReturnType<typeof createLmdbReplica> => createLmdbReplica({ directory });
  await openCopy(directory, open).close();
  await truncate(join(directory, 'data.mdb'), 8_192);
  expect(() => openCopy(directory, open)).toThrow(
    /^the copy of the shared store in \S+ cannot be used: .* is damaged: .*; remove that folder, and a start makes it again$/,
  );
});
