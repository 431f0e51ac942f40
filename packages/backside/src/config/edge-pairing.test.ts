import { describe, expect, test } from 'vitest';
import { assertEdgePairing, cacheUrlOf, queueUrlOf, unsharedParts } from './edge-pairing.js';
import { SERVER_OPTIONS, type ServerConfig } from './server-options.js';
import { resolveSettings } from './setting.js';

const DEFAULTS = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;
const configOf = (changes: Partial<ServerConfig>): ServerConfig => ({ ...DEFAULTS, ...changes });
const refusal = (changes: Partial<ServerConfig>): string => {
  try {
    assertEdgePairing(configOf(changes));
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('blobs, queue and cache', () => {
  test.each<Partial<ServerConfig>>([
    {},
    { blobs: 's3' },
    { blobs: 's3', blobsUrl: 'http://key:secret@127.0.0.1:9000' },
    { blobs: 'gridfs', store: 'mongodb', storeUrl: 'mongodb://db' },
    { queue: 'redis', queueUrl: 'redis://jobs' },
    { queue: 'amqp', notifier: 'amqp', notifierUrl: 'amqp://mq' },
    { cache: 'redis', notifier: 'redis', notifierUrl: 'redis://here' },
  ])('go together: %o', (changes) => {
    expect(refusal(changes)).toBe('');
  });

  test('use the server of the notifier where they are of its kind and have none of their own', () => {
    const config = configOf({ notifier: 'redis', notifierUrl: 'redis://n', queue: 'redis', cache: 'redis' });
    expect([queueUrlOf(config), cacheUrlOf({ ...config, cacheUrl: 'redis://c' })]).toEqual(['redis://n', 'redis://c']);
  });

  test.each<[Partial<ServerConfig>, RegExp]>([
    [{ queue: 'redis' }, /^queueUrl: queue redis needs it: .*BACKSIDE_QUEUE_URL$/],
    [{ queue: 'amqp', queueUrl: 'redis://user:hidden@x' }, /^queueUrl: queue amqp needs a URL with amqp:\/\//],
    [{ blobs: 'gridfs' }, /^blobsUrl: blobs gridfs needs it/],
    [{ queueUrl: 'redis://x' }, /^queueUrl: queue embedded has no server$/],
    [{ cache: 'redis' }, /BACKSIDE_CACHE_URL/],
    [{ backendjsSettings: 'x.json' }, /^backendjsSettings: switch on/],
    [{ backendjsKey: 'hidden' }, /^backendjsKey: switch on/],
    [
      { backendjs: true, store: 'postgres', storeUrl: 'postgres://x' },
      /openssl rand -base64 32.*BACKSIDE_BACKENDJS_KEY/,
    ],
  ])('are refused with what to do, never with a secret: %o', (changes, message) => {
    expect(refusal(changes)).toMatch(message);
    expect(refusal(changes)).not.toContain('hidden');
  });

  test('a node that shares its store is told what it does not share', () => {
    const shared = { store: 'mongodb', storeUrl: 'mongodb://db' } as const;
    expect(unsharedParts(configOf(shared))).toHaveLength(1);
    expect(unsharedParts(configOf({ ...shared, blobs: 'gridfs' }))).toEqual([]);
    expect(unsharedParts(configOf({}))).toEqual([]);
  });
});
