import type { Notifier } from '@backside/notifier';
import { type BrokerFacts, type BrokerOptions, createBrokerNotifier, probeBroker } from '@backside/notifier/broker';
import { DEFAULT_SCHEMA, type PostgresPlace } from './options.js';
import { openPostgresLink } from './postgres-link.js';

export interface PostgresNotifierOptions extends Omit<BrokerOptions, 'prefix' | 'tls' | 'maxNoticeBytes'> {
  /** Keeps clusters on one server apart, as it does for the journal; `backside` by default. */
  readonly schema?: string;
}

/**
 * A notifier over LISTEN and NOTIFY. Commits of more than about 6 KB are only told of, and read from the journal. Resolves once connected; rejects
 * with `unavailable` if that fails for `timing.patienceMs`.
 */
export async function createPostgresNotifier(options: PostgresNotifierOptions): Promise<Notifier> {
  const { schema = DEFAULT_SCHEMA, ...rest } = options;
  return createBrokerNotifier({ ...rest, prefix: schema, open: openPostgresLink(options) });
}

/** Asks a server for its version and measures a notification. Rejects with `unavailable` if it does not answer within some seconds. */
export async function probePostgresNotifier({ url, schema = DEFAULT_SCHEMA }: PostgresPlace): Promise<BrokerFacts> {
  return probeBroker(url, schema, openPostgresLink({ url, nodeId: 'probe' }));
}
