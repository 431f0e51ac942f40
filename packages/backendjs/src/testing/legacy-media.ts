import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closedAuthorizer } from '@backside/api';
import { createMemoryPrivateTree } from '@backside/auth';
import { type BlobStore, createFileBlobStore, createImages, createMedia } from '@backside/media';
import { nodeReader } from '@backside/tree';
import { type LegacyFixture, type LegacyFixtureOptions, startLegacy } from './legacy-fixture.js';

/** A picture of one pixel. */
export const PNG: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export interface LegacyMediaFixture extends LegacyFixture {
  readonly blobs: BlobStore;
  /** The keys of all blobs. */
  keys(): Promise<string[]>;
}

/** As `startLegacy`, with images and files in a temporary folder. */
export async function startLegacyWithMedia(options: LegacyFixtureOptions = {}): Promise<LegacyMediaFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'legacy-media-'));
  const blobs = await createFileBlobStore({ directory, now: Date.now });
  const fixture = await startLegacy({
    ...options,
    extend: async (parts) => ({
      media: createMedia({
        ...parts,
        blobs,
        authorizer: closedAuthorizer,
        reader: nodeReader(null),
        tree: createMemoryPrivateTree(),
        images: createImages(),
        randomBytes,
      }),
      ...(await options.extend?.(parts)),
    }),
  });
  return {
    ...fixture,
    blobs,
    keys: async () => {
      const keys: string[] = [];
      for await (const { key } of blobs.list('')) keys.push(key);
      return keys.sort();
    },
    close: async () => {
      await fixture.close();
      await blobs.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
