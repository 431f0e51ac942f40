import { ConfigError } from './config-error.js';
import { isSharedStore } from './node-pairing.js';
import { environmentNameOf } from './option.js';
import type { ServerConfig } from './server-options.js';

type Pairing = Pick<
  ServerConfig,
  | 'store'
  | 'storeUrl'
  | 'notifier'
  | 'notifierUrl'
  | 'blobs'
  | 'blobsUrl'
  | 'queue'
  | 'queueUrl'
  | 'cache'
  | 'cacheUrl'
  | 'backendjs'
  | 'backendjsSettings'
  | 'backendjsKey'
>;

/** Where the blobs are; null for those that need no server, and for AWS itself. */
export function blobsUrlOf({ blobs, blobsUrl, store, storeUrl }: Pairing): string | null {
  return blobsUrl ?? (blobs === 'gridfs' && store === 'mongodb' ? storeUrl : null);
}

export function queueUrlOf({ queue, queueUrl, notifier, notifierUrl }: Pairing): string | null {
  return queueUrl ?? (queue === notifier ? notifierUrl : null);
}

export function cacheUrlOf({ cache, cacheUrl, notifier, notifierUrl }: Pairing): string | null {
  return cacheUrl ?? (cache === notifier ? notifierUrl : null);
}

/** Throws `ConfigError`, saying what to do, unless blobs, queue and cache have the URLs that they need. URLs are never in the message. */
export function assertEdgePairing(config: Pairing): void {
  assertUrl('blobs', config.blobs === 's3' && config.blobsUrl === null ? null : config.blobs, blobsUrlOf(config));
  assertUrl('queue', config.queue, queueUrlOf(config));
  assertUrl('cache', config.cache, cacheUrlOf(config));
  for (const name of ['backendjsSettings', 'backendjsKey'] as const)
    if (config[name] !== null && !config.backendjs)
      throw new ConfigError(`${name}: switch on what it belongs to (backendjs)`);
  if (config.backendjs && config.backendjsKey === null && isSharedStore(config.store)) {
    const place = environmentNameOf('backendjsKey');
    throw new ConfigError(
      `backendjsKey: nodes that share a store need the same: 32 bytes in base64 (openssl rand -base64 32), best given in ${place}`,
    );
  }
}

/** What nodes that share a store should share as well; one sentence for each thing that they do not. */
export function unsharedParts(config: Pairing): readonly string[] {
  if (!isSharedStore(config.store)) return [];
  return config.blobs === 'files'
    ? ['blobs=files: images and files are in the data folder of the node that took them; share them with s3 or gridfs']
    : [];
}

type Served = 's3' | 'gridfs' | 'redis' | 'amqp';

/** How the URLs of a server begin. */
const SCHEMES: Readonly<Record<Served, readonly string[]>> = {
  s3: ['http:', 'https:'],
  gridfs: ['mongodb:', 'mongodb+srv:'],
  redis: ['redis:', 'rediss:'],
  amqp: ['amqp:', 'amqps:'],
};

function assertUrl(option: 'blobs' | 'queue' | 'cache', kind: string | null, url: string | null): void {
  const schemes = kind === null || !Object.hasOwn(SCHEMES, kind) ? null : SCHEMES[kind as Served];
  const name = `${option}Url`;
  if (schemes === null) {
    if (url !== null) throw new ConfigError(`${name}: ${option} ${kind ?? ''} has no server`);
    return;
  }
  const forms = schemes.map((scheme) => `${scheme}//`).join(' or ');
  if (url === null) {
    const place = environmentNameOf(name);
    throw new ConfigError(`${name}: ${option} ${kind} needs it: a URL with ${forms}, best given in ${place}`);
  }
  if (!schemes.some((scheme) => url.startsWith(`${scheme}//`)))
    throw new ConfigError(`${name}: ${option} ${kind} needs a URL with ${forms}`);
}
