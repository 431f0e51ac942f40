import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { redactUrl } from '@backside/notifier/broker';
import { SILENT_LOGGER } from '@backside/protocol';
import { blobsUrlOf, cacheUrlOf, queueUrlOf, unsharedParts } from '../config/edge-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { readLegacySettings } from '../server/legacy-settings.js';
import { openBlobs } from '../server/open-blobs.js';
import { openCache } from '../server/open-cache.js';
import { openServedQueue } from '../server/open-queue.js';
import { Opened } from '../server/opened.js';
import { reasonOf } from '../server/reason.js';
import { type Finding, fine, note, problem } from './finding.js';

/** Examines what images, jobs, functions and the legacy interface need. Stores nothing. */
export async function* examineServices(config: ServerConfig): AsyncGenerator<Finding> {
  for (const what of unsharedParts(config)) yield note(what);
  yield await examineBlobs(config);
  yield await examineQueue(config);
  if (config.backendjs) yield* examineLegacy(config);
  for (const [option, place] of placesOf(config)) yield await examinePlace(option, place);
}

async function examineBlobs(config: ServerConfig): Promise<Finding> {
  if (config.blobs === 'files') return fine('blobs: files in the data folder');
  const url = blobsUrlOf(config);
  return examineServer(`blobs: ${config.blobs}, bucket ${config.blobsBucket}`, url, async () => {
    const opened = new Opened();
    try {
      const blobs = await openBlobs(config, opened);
      // No blob is called so; a bucket that is missing is told all the same.
      for await (const _blob of blobs.list('backside-doctor/')) break;
    } finally {
      await opened.close();
    }
  });
}

async function examineQueue(config: ServerConfig): Promise<Finding> {
  const { queue: kind } = config;
  if (kind === 'embedded') return fine('queue: in the store itself');
  return examineServer(`queue: ${kind}`, queueUrlOf(config), async () => {
    const queue = await openServedQueue(config, kind, SILENT_LOGGER);
    try {
      await queue.counts(config.jobQueues[0]!);
    } finally {
      await queue.close();
    }
  });
}

async function* examineLegacy(config: ServerConfig): AsyncGenerator<Finding> {
  try {
    await readLegacySettings(config);
    yield fine('backendjs: its settings can be used');
  } catch (error) {
    yield problem((error as Error).message);
  }
  if (config.cache === 'memory') return;
  yield await examineServer(`cache: ${config.cache}`, cacheUrlOf(config), async () => {
    const cache = await openCache(config, SILENT_LOGGER);
    try {
      await cache.get('backside-doctor');
    } finally {
      await cache.close();
    }
  });
}

async function examineServer(what: string, url: string | null, use: () => Promise<void>): Promise<Finding> {
  const place = url === null ? what : `${what} at ${redactUrl(url)}`;
  const begun = performance.now();
  try {
    await use();
    return fine(`${place}: answers within ${Math.ceil(performance.now() - begun)} ms, opening it included`);
  } catch (error) {
    return problem(`${place} cannot be used: ${reasonOf(error, url ?? '')}`);
  }
}

/** Folders and files that options name. */
function placesOf({ jobs, functions, crontab }: ServerConfig): [string, string][] {
  const folders = Object.entries({ jobs, functions }).flatMap(([option, place]): [string, string][] =>
    place === null ? [] : [[option, place]],
  );
  return [...folders, ...crontab.map((file): [string, string] => ['crontab', file])];
}

async function examinePlace(option: string, place: string): Promise<Finding> {
  try {
    await access(place, constants.R_OK);
    return fine(`${option}: ${place} can be read`);
  } catch (error) {
    return problem(`${option}: ${(error as Error).message}`);
  }
}
