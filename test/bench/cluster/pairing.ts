import { type Cluster, type ClusterNode, type ClusterOptions, startCluster } from '../../harness/cluster.js';
import { type Service, type ServiceName, sharedService } from '../../services/index.js';
import { LIMITS_OUT_OF_THE_WAY } from '../workspace.js';

/** A store and a notifier that work together. */
export interface Pairing {
  readonly store: 'mongodb' | 'postgres';
  readonly notifier: 'amqp' | 'redis' | 'nats' | 'postgres';
}

export const PAIRINGS: readonly Pairing[] = [
  { store: 'mongodb', notifier: 'amqp' },
  { store: 'mongodb', notifier: 'redis' },
  { store: 'mongodb', notifier: 'nats' },
  { store: 'postgres', notifier: 'postgres' },
];

/** As titles name it: PostgreSQL notifies by itself. */
export function nameOf({ store, notifier }: Pairing): string {
  return store === notifier ? store : `${store}+${notifier}`;
}

/** Where the servers of a pairing are. */
export interface Servers {
  readonly store: { readonly kind: Pairing['store']; readonly url: string };
  readonly broker: { readonly kind: Pairing['notifier']; readonly url: string };
}

const SERVICES: Readonly<Record<Pairing['store'] | Pairing['notifier'], ServiceName>> = {
  mongodb: 'mongodb',
  postgres: 'postgres',
  amqp: 'rabbitmq',
  redis: 'redis',
  nats: 'nats',
};

/** One server of each kind for the whole row, started when first needed. */
export class BenchServices {
  readonly #services: Map<ServiceName, Service | null> = new Map();

  /** Null if one of the two cannot be had, which is told on stderr once. */
  async of({ store, notifier }: Pairing): Promise<Servers | null> {
    const [storeServer, broker] = [await this.#use(SERVICES[store]), await this.#use(SERVICES[notifier])];
    if (storeServer === null || broker === null) return null;
    return { store: { kind: store, url: storeServer.url }, broker: { kind: notifier, url: broker.url } };
  }

  async stop(): Promise<void> {
    for (const service of this.#services.values()) await service?.stop();
  }

  async #use(name: ServiceName): Promise<Service | null> {
    if (!this.#services.has(name)) this.#services.set(name, await sharedService(name));
    return this.#services.get(name)!;
  }
}

/** So many nodes of ours on these servers. */
export async function startNodes({ store, broker }: Servers, nodes: number): Promise<Cluster> {
  const options: ClusterOptions = {
    nodes,
    store: store.kind,
    notifier: broker.kind,
    urls: () => ({ store: store.url, notifier: broker.url }),
    args: LIMITS_OUT_OF_THE_WAY,
  };
  const cluster = await startCluster(options);
  if (cluster === null) throw new Error('the servers of the cluster were lost');
  return cluster;
}

/** The STOMP port over TCP and the process of a node, as scenarios take them. */
export function targetOf({ server }: ClusterNode): { readonly port: number; readonly pid: number } {
  return { port: server.tcpPort, pid: server.pid };
}
