import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.js';
import { formatValue } from './help.js';
import { NODE_OPTIONS, type NodeConfig } from './node-options.js';
import { assertPairing, notifierUrlOf } from './node-pairing.js';

const ALONE = { store: 'embedded', storeUrl: null, notifier: 'none', notifierUrl: null, workers: 1 } as const;
const MONGO = { ...ALONE, store: 'mongodb', storeUrl: 'mongodb://user:hush@db.example/' } as const;
const POSTGRES = { ...ALONE, store: 'postgres', storeUrl: 'postgres://user:hush@db.example/app' } as const;

type Pairing = Parameters<typeof assertPairing>[0];

function problemOf(pairing: Pairing): string {
  try {
    assertPairing(pairing);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'none';
}

describe('store and notifier', () => {
  test('what goes together is taken', () => {
    const pairings: Pairing[] = [
      ALONE,
      { ...ALONE, workers: 4 },
      { ...ALONE, store: 'memory' },
      MONGO,
      { ...MONGO, workers: 4 },
      { ...MONGO, storeUrl: 'mongodb+srv://cluster.example/' },
      { ...MONGO, notifier: 'amqp', notifierUrl: 'amqps://broker.example' },
      { ...MONGO, notifier: 'redis', notifierUrl: 'redis+sentinel://one:26379,two:26379/main' },
      { ...MONGO, notifier: 'nats', notifierUrl: 'nats://one:4222,two:4222' },
      { ...MONGO, notifier: 'postgres', notifierUrl: 'postgresql://db.example/news' },
      POSTGRES,
      { ...POSTGRES, notifier: 'postgres' },
      { ...POSTGRES, notifier: 'redis', notifierUrl: 'redis://broker.example' },
    ];
    for (const pairing of pairings) expect(problemOf(pairing), JSON.stringify(pairing)).toBe('none');
  });

  test('what does not is refused, saying what to do', () => {
    const redis = { notifier: 'redis', notifierUrl: 'redis://broker.example' } as const;
    expect(problemOf({ ...ALONE, ...redis })).toBe(
      'notifier: the store "embedded" belongs to one node, so there is nobody to notify through redis; leave the notifier out ' +
        '(workers hear of each other without it), or share a store: mongodb or postgres',
    );
    expect(problemOf({ ...ALONE, store: 'memory', ...redis })).toContain('the store "memory" belongs to one node');
    expect(problemOf({ ...ALONE, storeUrl: MONGO.storeUrl })).toBe(
      'storeUrl: the store "embedded" has no server; set store to mongodb or postgres',
    );
    expect(problemOf({ ...ALONE, store: 'memory', workers: 2 })).toBe(
      'workers: several workers need a store that they can share: embedded, mongodb or postgres',
    );
    expect(problemOf({ ...MONGO, storeUrl: null })).toBe(
      'storeUrl: store mongodb needs it: a URL with mongodb:// or mongodb+srv://, best given in BACKSIDE_STORE_URL',
    );
    expect(problemOf({ ...MONGO, notifier: 'amqp' })).toBe(
      'notifierUrl: notifier amqp needs it: a URL with amqp:// or amqps://, best given in BACKSIDE_NOTIFIER_URL',
    );
    expect(problemOf({ ...MONGO, notifier: 'postgres' })).toContain('notifierUrl: notifier postgres needs it');
    expect(problemOf({ ...MONGO, notifierUrl: 'redis://broker.example' })).toBe(
      'notifierUrl: name the notifier that it belongs to (notifier)',
    );
  });

  test('no message and no table shows what is secret in a URL', () => {
    const swapped = { ...MONGO, storeUrl: POSTGRES.storeUrl };
    expect(problemOf(swapped)).toBe('storeUrl: store mongodb needs a URL with mongodb:// or mongodb+srv://');
    const wrongBroker = { ...MONGO, notifier: 'nats', notifierUrl: 'redis://:hush@broker.example' } as const;
    expect(problemOf(wrongBroker)).toBe('notifierUrl: notifier nats needs a URL with nats:// or tls://');
    for (const name of ['storeUrl', 'notifierUrl'] as const satisfies (keyof NodeConfig)[]) {
      expect(formatValue(NODE_OPTIONS[name], MONGO.storeUrl)).toBe('(redacted)');
    }
  });

  test('the notifier of PostgreSQL is the server of the journal unless another is named', () => {
    expect(notifierUrlOf({ ...POSTGRES, notifier: 'postgres' })).toBe(POSTGRES.storeUrl);
    expect(notifierUrlOf({ ...POSTGRES, notifier: 'postgres', notifierUrl: 'postgres://other/' })).toBe(
      'postgres://other/',
    );
    expect(notifierUrlOf({ ...MONGO, notifier: 'postgres' })).toBeNull();
  });
});
