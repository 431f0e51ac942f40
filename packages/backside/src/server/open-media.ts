import { randomBytes } from 'node:crypto';
import type { Database } from '@backside/api';
import type { Media, MediaLimits } from '@backside/media';
import type { ServiceState } from '@backside/proxy';
import type { ServerConfig } from '../config/server-options.js';
import { openBlobs } from './open-blobs.js';
import { type Opened, openTogether } from './opened.js';
import type { ServedDatabase } from './served-database.js';
import { ServiceProbe } from './service-probe.js';
import type { ServicesOptions } from './services.js';

/** The part of the private database that says which node refers to which bytes. */
const MEDIA_ROOT = ['media'] as const;
/** No blob has this key. */
const NO_BLOB = 'probe';
/** How often what nobody refers to is looked for. */
const COLLECT_MS = 10 * 60_000;

export interface OpenedMedia {
  of(database: Database): Media;
  states(): Readonly<Record<'blobs', ServiceState>>;
  /** Puts settings in force for uploads that begin from now on. */
  reload(config: ServerConfig): void;
  close(): Promise<void>;
}

/** Opens the blobs, and images and files over them for every database. */
export function openMedia(options: ServicesOptions): Promise<OpenedMedia> {
  return openTogether((opened) => openParts(options, opened));
}

async function openParts({ config, databases, logger, leads }: ServicesOptions, opened: Opened): Promise<OpenedMedia> {
  const { createImages, createMedia } = await import('@backside/media');
  const blobs = await openBlobs(config, opened);
  const images = createImages();
  const open = (served: ServedDatabase): Media =>
    createMedia({
      database: served.main,
      authorizer: served.authorizer,
      reader: served.reader,
      tree: served.privatePart(MEDIA_ROOT),
      blobs,
      images,
      limits: limitsOf(config),
      logger,
      now: Date.now,
      randomBytes,
    });
  const media = new Map(databases.served.map((served) => [served.main, opened.add(open(served))]));
  if (leads) opened.onClose(keepCollected([...media.values()], logger));
  const probe = new ServiceProbe(config.blobs, () => blobs.head(NO_BLOB));
  opened.onClose(async () => probe.stop());
  return {
    of: (database) => media.get(database)!,
    states: () => ({ blobs: probe.state }),
    reload: (changed) => {
      for (const each of media.values()) each.limit(limitsOf(changed));
    },
    close: opened.close,
  };
}

function limitsOf({ maxUploadBytes }: ServerConfig): Partial<MediaLimits> {
  return { maxFileBytes: maxUploadBytes };
}

function keepCollected(all: readonly Media[], logger: ServicesOptions['logger']): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => {
    running = Promise.all(all.map((media) => media.collect())).catch((error: unknown) =>
      logger.warn({ err: error }, 'files that nobody refers to could not be removed'),
    );
  }, COLLECT_MS).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
