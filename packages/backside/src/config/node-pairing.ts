import { ConfigError } from './config-error.js';
import type { NodeConfig } from './node-options.js';
import { environmentNameOf } from './option.js';

type Pairing = Pick<NodeConfig, 'store' | 'storeUrl' | 'notifier' | 'notifierUrl'> & { readonly workers: number };

/** The stores that several nodes can share. */
export type SharedStore = Exclude<NodeConfig['store'], 'embedded' | 'memory'>;
/** The notifiers that reach other machines. */
export type Broker = Exclude<NodeConfig['notifier'], 'none'>;

/** How the URLs of a server begin. */
const SCHEMES: Readonly<Record<SharedStore | Broker, readonly string[]>> = {
  mongodb: ['mongodb:', 'mongodb+srv:'],
  postgres: ['postgres:', 'postgresql:'],
  amqp: ['amqp:', 'amqps:'],
  redis: ['redis:', 'rediss:', 'redis+sentinel:', 'rediss+sentinel:'],
  nats: ['nats:', 'tls:'],
};

export function isSharedStore(store: NodeConfig['store']): store is SharedStore {
  return store === 'mongodb' || store === 'postgres';
}

/**
 * Throws `ConfigError`, saying what to do, unless store and notifier go together and have the URLs that they need. The URLs themselves
 * are never in the message.
 */
export function assertPairing(config: Pairing): void {
  if (isSharedStore(config.store)) assertUrl('storeUrl', 'store', config.store, config.storeUrl);
  else assertAlone(config);
  if (config.notifier === 'none') {
    if (config.notifierUrl !== null)
      throw new ConfigError('notifierUrl: name the notifier that it belongs to (notifier)');
  } else {
    assertUrl('notifierUrl', 'notifier', config.notifier, notifierUrlOf(config));
  }
}

/** Where the notifier is: PostgreSQL may be the server that the journal is on. */
export function notifierUrlOf({ store, storeUrl, notifier, notifierUrl }: Omit<Pairing, 'workers'>): string | null {
  return notifierUrl ?? (notifier === 'postgres' && store === 'postgres' ? storeUrl : null);
}

/** For stores that belong to one node. */
function assertAlone({ store, storeUrl, notifier, workers }: Pairing): void {
  if (notifier !== 'none') {
    throw new ConfigError(
      `notifier: the store ${JSON.stringify(store)} belongs to one node, so there is nobody to notify through ${notifier}; leave the ` +
        'notifier out (workers hear of each other without it), or share a store: mongodb or postgres',
    );
  }
  if (storeUrl !== null)
    throw new ConfigError(
      `storeUrl: the store ${JSON.stringify(store)} has no server; set store to mongodb or postgres`,
    );
  if (store === 'memory' && workers > 1) {
    throw new ConfigError('workers: several workers need a store that they can share: embedded, mongodb or postgres');
  }
}

function assertUrl(option: string, of: string, kind: SharedStore | Broker, url: string | null): void {
  const schemes = SCHEMES[kind].map((scheme) => `${scheme}//`).join(' or ');
  if (url === null) {
    throw new ConfigError(
      `${option}: ${of} ${kind} needs it: a URL with ${schemes}, best given in ${environmentNameOf(option)}`,
    );
  }
  if (!SCHEMES[kind].some((scheme) => url.startsWith(`${scheme}//`))) {
    throw new ConfigError(`${option}: ${of} ${kind} needs a URL with ${schemes}`);
  }
}
