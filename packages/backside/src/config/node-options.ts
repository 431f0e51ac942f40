import * as v from 'valibot';
import { choice, type Option, type OptionTable, option, text, toggle } from './option.js';
import { duration } from './quantity.js';

/** Where the journal is, and how several nodes on it work together. Times are milliseconds. */
export interface NodeConfig {
  readonly store: 'embedded' | 'memory' | 'mongodb' | 'postgres';
  readonly storeUrl: string | null;
  readonly storeNamespace: string;
  readonly storePatience: number;
  readonly notifier: 'none' | 'amqp' | 'redis' | 'nats' | 'postgres';
  readonly notifierUrl: string | null;
  readonly notifierPrefix: string;
  readonly nodeId: string | null;
  readonly projector: boolean;
}

const group = 'Nodes';
const NAME = /^[a-z][a-z0-9_-]{0,39}$/;
const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export const NODE_OPTIONS: OptionTable<NodeConfig> = {
  store: choice(['embedded', 'memory', 'mongodb', 'postgres'], {
    group,
    default: 'embedded',
    description:
      'Where the journal is. `embedded` keeps everything in the data folder; `memory` forgets everything at the end; `mongodb` and `postgres` are shared by any number of nodes, and the data folder holds a copy.',
  }),
  storeUrl: text({
    group,
    placeholder: 'URL',
    secret: true,
    description:
      'The server of a shared store, such as `mongodb://user:secret@host/?replicaSet=rs0` or `postgres://user:secret@host/database`.',
  }),
  storeNamespace: name({
    group,
    default: 'backside',
    description:
      'The database (MongoDB) or schema (PostgreSQL) of a shared store; nodes of the same name share their data.',
  }),
  storePatience: duration({
    group,
    default: 60_000,
    min: 0,
    description: 'How long a start tries to reach a shared store before it ends with 1. A broker is not waited for.',
  }),
  notifier: choice(['none', 'amqp', 'redis', 'nats', 'postgres'], {
    group,
    default: 'none',
    description:
      'What tells the other nodes at once of new commits: RabbitMQ (`amqp`), Redis, NATS, or PostgreSQL. Without one they ask a shared store four times a second.',
  }),
  notifierUrl: text({
    group,
    placeholder: 'URL',
    secret: true,
    description:
      'The server of the notifier, such as `amqp://user:secret@host`, `redis://host`, `nats://host`; for `postgres` the one of `storeUrl` if left out.',
  }),
  notifierPrefix: name({
    group,
    default: 'backside',
    description:
      'What the names of exchanges, channels and subjects begin with; nodes of the same prefix hear each other.',
  }),
  nodeId: nodeId(),
  projector: toggle({
    group,
    default: true,
    description:
      'Take part in keeping the collection (table) `nodes` of a shared store, from which new nodes start and which other services may query. At any time one node does it.',
  }),
};

/** What a command needs of these to reach the data that the nodes share. */
export type StoreConfig = Omit<NodeConfig, 'nodeId' | 'projector'>;

export const STORE_OPTIONS: OptionTable<StoreConfig> = {
  store: NODE_OPTIONS.store,
  storeUrl: NODE_OPTIONS.storeUrl,
  storeNamespace: NODE_OPTIONS.storeNamespace,
  storePatience: { ...NODE_OPTIONS.storePatience, default: 5_000 },
  notifier: NODE_OPTIONS.notifier,
  notifierUrl: NODE_OPTIONS.notifierUrl,
  notifierPrefix: NODE_OPTIONS.notifierPrefix,
};

export function storeConfigOf(config: StoreConfig): StoreConfig {
  const { store, storeUrl, storeNamespace, storePatience, notifier, notifierUrl, notifierPrefix } = config;
  return { store, storeUrl, storeNamespace, storePatience, notifier, notifierUrl, notifierPrefix };
}

function name(described: { group: string; default: string; description: string }): Option<string> {
  const message = 'must be lower-case letters, digits, - and _, and begin with a letter';
  const schema = v.pipe(v.string(message), v.regex(NAME, message));
  return option(schema as v.GenericSchema<unknown, string>, {
    placeholder: 'NAME',
    ...described,
    fromText: (raw) => raw,
  });
}

function nodeId(): Option<string | null> {
  const message = 'must be letters, digits, - and _';
  const schema = v.nullable(v.pipe(v.string(message), v.regex(NODE_ID, message)));
  return option(schema as v.GenericSchema<unknown, string | null>, {
    group,
    default: null,
    placeholder: 'NAME',
    description: 'Names this node in logs, metrics and commits; the name of the host and the process id if left out.',
    fromText: (raw) => raw,
  });
}
