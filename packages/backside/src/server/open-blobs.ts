import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '@backside/media';
import { blobsUrlOf } from '../config/edge-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import type { Opened } from './opened.js';

type OpenBlobs = (config: ServerConfig, opened: Opened) => Promise<BlobStore>;

/** The drivers by their configured name; a driver is loaded only if it is used. */
const BLOBS: Readonly<Record<ServerConfig['blobs'], OpenBlobs>> = {
  files: async (config, opened) => {
    const { createFileBlobStore } = await import('@backside/media');
    return createFileBlobStore({ directory: await blobFolder(config, opened), now: Date.now });
  },
  s3: async (config) => {
    const { createS3BlobStore } = await import('@backside/blobs-s3');
    return createS3BlobStore({ ...s3Place(config), bucket: config.blobsBucket, region: config.blobsRegion });
  },
  gridfs: async (config) => {
    const { createGridFsBlobStore } = await import('@backside/blobs-gridfs');
    return createGridFsBlobStore({
      url: blobsUrlOf(config)!,
      mongoDatabase: config.storeNamespace,
      bucket: config.blobsBucket,
    });
  },
};

/** Opens where the bytes of files are, and notes how to close it. Rejects with an error that names what cannot be reached. */
export async function openBlobs(config: ServerConfig, opened: Opened): Promise<BlobStore> {
  return opened.add(await BLOBS[config.blobs](config, opened));
}

/** What forgets everything at the end keeps no files either. */
async function blobFolder({ store, data }: ServerConfig, opened: Opened): Promise<string> {
  if (store !== 'memory') return join(data, 'blobs.files');
  const folder = await mkdtemp(join(tmpdir(), 'backside-blobs-'));
  opened.onClose(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface S3Place {
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** `https://KEY:SECRET@host` as the client library takes it; without a URL AWS itself, without a key the ones of the environment. */
function s3Place(config: ServerConfig): S3Place {
  const given = blobsUrlOf(config);
  if (given === null) return {};
  const url = new URL(given);
  const [accessKeyId, secretAccessKey] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  url.username = '';
  url.password = '';
  const endpoint = url.href.replace(/\/$/, '');
  return accessKeyId === '' ? { endpoint } : { endpoint, credentials: { accessKeyId, secretAccessKey } };
}
