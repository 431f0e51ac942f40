import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createDatabase, createRulesAuthorizer, type Database, fixedRules, TraceLog } from '@backside/api';
import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { compileRules } from '@backside/security';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { parsePath } from '@backside/tree';
import { onTestFinished } from 'vitest';
import type { BlobStore } from '../blob-store.js';
import { createImages } from '../create-images.js';
import { createMedia } from '../create-media.js';
import { createFileBlobStore } from '../file-blob-store.js';
import type { ImageLimits } from '../image-limits.js';
import type { Media, UploadRequest } from '../media.js';
import type { MediaLimits } from '../media-options.js';
import { ClockedBlobs } from './clocked-blobs.js';

export interface TestMediaOptions {
  readonly rules?: Readonly<Record<string, unknown>>;
  readonly limits?: Partial<MediaLimits>;
  readonly images?: Partial<ImageLimits>;
  /** Another installation over the same blobs. */
  readonly blobs?: BlobStore;
  /** Another node over the same private tree. */
  readonly tree?: PrivateTree;
}

/** Media over a folder and a database in memory, with a clock that the test moves. */
export class TestMedia {
  readonly media: Media;
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly tree: PrivateTree;
  readonly clock: { ahead: number };

  constructor(parts: Pick<TestMedia, 'media' | 'database' | 'blobs' | 'tree' | 'clock'>) {
    this.media = parts.media;
    this.database = parts.database;
    this.blobs = parts.blobs;
    this.tree = parts.tree;
    this.clock = parts.clock;
  }

  upload(path: string, bytes: string | Uint8Array, more: Partial<UploadRequest> = {}): ReturnType<Media['upload']> {
    const source = (async function* () {
      yield Buffer.from(bytes);
    })();
    return this.media.upload({ principal: ADMIN, path: parsePath(path), source, ...more });
  }

  async download(path: string, principal: Principal = ADMIN): Promise<Buffer> {
    const file = await this.media.file(principal, parsePath(path));
    return buffer((await file.open()).body);
  }

  async set(path: string, value: unknown): Promise<void> {
    await this.database.write({ principal: ADMIN, steps: [{ method: 'set', path: parsePath(path), value }] });
  }

  async keys(part: 'blobs' | 'thumbnails' | 'uploads'): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of this.blobs.list(`main/${part}/`)) keys.push(key);
    return keys.sort();
  }
}

export async function openMedia(options: TestMediaOptions = {}): Promise<TestMedia> {
  const clock = { ahead: 0 };
  const now = (): number => Date.now() + clock.ahead;
  const replica = createMemoryReplica();
  const rules = fixedRules(compileRules(JSON.stringify({ rules: options.rules ?? { '.read': true, '.write': true } })));
  const traces = new TraceLog({ nodeId: 'node-a', now, randomBytes });
  const authorizer = createRulesAuthorizer({ database: 'main', rules, traces });
  const database = await createDatabase({
    name: 'main',
    journal: createMemoryJournal({ keepCommits: 1_000 }),
    replica,
    notifier: createMemoryNotifier(),
    authorizer,
    logger: SILENT_LOGGER,
    now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
  });
  const blobs = options.blobs ?? (await folderStore(now));
  const tree = options.tree ?? createMemoryPrivateTree();
  const media = createMedia({
    database,
    authorizer,
    reader: replica,
    tree,
    blobs,
    images: createImages({ limits: options.images ?? {} }),
    limits: options.limits ?? {},
    logger: SILENT_LOGGER,
    now,
    randomBytes,
  });
  onTestFinished(() => media.close());
  return new TestMedia({ media, database, blobs, tree, clock });
}

async function folderStore(now: () => number): Promise<BlobStore> {
  const directory = await mkdtemp(join(tmpdir(), 'backside-media-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return new ClockedBlobs(await createFileBlobStore({ directory, now: Date.now }), now);
}

export function userOf(uid: string): Principal {
  return { kind: 'user', uid, provider: 'password', claims: {} };
}
