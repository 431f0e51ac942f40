import type { MongoFacts } from '@backside/journal-mongodb';
import type { PostgresFacts } from '@backside/journal-postgres';
import type { BrokerFacts } from '@backside/notifier/broker';
import type { Broker, SharedStore } from '../config/node-pairing.js';

/** What a shared store is like, measured live. */
export interface StoreFacts {
  /** Kind, version and settings of the server. */
  readonly server: string;
  /** What an acknowledged write survives. */
  readonly survives: string;
  /** Settings by which acknowledged writes can be lost, or that keep nodes from working. */
  readonly problems: readonly string[];
  /** The median of a few durable appends, in milliseconds. */
  readonly appendMs: number;
  /** The server's clock less ours, in milliseconds; null if it does not tell. */
  readonly clockSkewMs: number | null;
  /** Tables and indexes that a start will make. */
  readonly missing: readonly string[];
}

interface StorePlace {
  readonly url: string;
  readonly namespace: string;
}

type ProbeStore = (place: StorePlace) => Promise<StoreFacts>;
type ProbeBroker = (url: string, prefix: string) => Promise<BrokerFacts>;

/** Each rejects with `unavailable` if the server does not answer. A driver is loaded only if it is used. */
export const STORE_PROBES: Readonly<Record<SharedStore, () => Promise<ProbeStore>>> = {
  mongodb: async () => {
    const { probeMongo } = await import('@backside/journal-mongodb');
    return async ({ url, namespace }) => mongoStoreFacts(await probeMongo({ url, mongoDatabase: namespace }));
  },
  postgres: async () => {
    const { probePostgres } = await import('@backside/journal-postgres');
    return async ({ url, namespace }) => postgresStoreFacts(await probePostgres({ url, schema: namespace }));
  },
};

/** Each rejects with `unavailable` if the server does not answer. A driver is loaded only if it is used. */
export const BROKER_PROBES: Readonly<Record<Broker, () => Promise<ProbeBroker>>> = {
  amqp: async () => {
    const { probeAmqp } = await import('@backside/notifier-amqp');
    return (url, prefix) => probeAmqp(url, { prefix });
  },
  redis: async () => {
    const { probeRedis } = await import('@backside/notifier-redis');
    return (url, prefix) => probeRedis(url, { prefix });
  },
  nats: async () => {
    const { probeNats } = await import('@backside/notifier-nats');
    return (url, prefix) => probeNats(url, { prefix });
  },
  postgres: async () => {
    const { probePostgresNotifier } = await import('@backside/journal-postgres');
    return (url, schema) => probePostgresNotifier({ url, schema });
  },
};

const ONE_MACHINE = "kill -9 and power loss of the store's machine, not the loss of its disk";

export function mongoStoreFacts(facts: MongoFacts): StoreFacts {
  const { kind, version, writeConcern, changeStreams, clockSkewMs, missingIndexes, appendMs } = facts;
  const replicated = kind === 'replica set' || kind === 'sharded cluster';
  const wakes = changeStreams ? 'change streams' : 'no change streams';
  return {
    server: `${kind}, version ${version}, acknowledges what is ${writeConcern}, ${wakes}`,
    survives: replicated
      ? 'kill -9, power loss, and the loss of any minority of the members of the store'
      : ONE_MACHINE,
    problems: [],
    appendMs,
    clockSkewMs,
    missing: missingIndexes,
  };
}

export function postgresStoreFacts(facts: PostgresFacts): StoreFacts {
  const { version, fsync, synchronousCommit, synchronousStandbys, standby, maxConnections } = facts;
  const problems = [
    ...(fsync ? [] : ['fsync is off: a power loss can lose everything']),
    ...(synchronousCommit === 'off' ? ['synchronous_commit is off: a crash loses acknowledged writes'] : []),
    ...(standby ? ['it is a standby, which takes no writes'] : []),
  ];
  const replicated = synchronousStandbys !== '' && ['on', 'remote_apply'].includes(synchronousCommit);
  return {
    server: `version ${version}, synchronous_commit ${synchronousCommit}, at most ${maxConnections} connections`,
    survives: replicated
      ? `kill -9, power loss, and the loss of the server: ${synchronousStandbys} has it`
      : ONE_MACHINE,
    problems,
    appendMs: facts.appendMs,
    clockSkewMs: facts.clockAheadMs,
    missing: facts.missing,
  };
}
