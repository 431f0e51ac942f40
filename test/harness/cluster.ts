import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Service, type ServiceName, sharedService } from '../services/index.js';
import { type ServerHandle, startServer } from './server.js';

export type ClusterStore = 'mongodb' | 'postgres';
export type ClusterNotifier = 'none' | 'amqp' | 'redis' | 'nats' | 'postgres';

export interface ClusterOptions {
  readonly nodes: number;
  readonly store: ClusterStore;
  readonly notifier: ClusterNotifier;
  /** Further flags of every node. */
  readonly args?: readonly string[];
  /** Where node `index` finds store and broker; else servers that `sharedService` gives, which other tests may use as well. */
  readonly urls?: (index: number) => { readonly store?: string; readonly notifier?: string };
  readonly workers?: number;
}

/** One node: a process that may be ended and started again on the same ports and the same data folder. */
export interface ClusterNode {
  /** The process of late. */
  readonly server: ServerHandle;
  /** `ws://127.0.0.1:PORT/stomp`; stays over restarts. */
  readonly url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>;
  /** Starts the process again after `kill` or `stop`. */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay, nothing is answered. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
}

interface AddOptions {
  /** Further flags of this node alone. */
  readonly args?: readonly string[];
  /** As those of the cluster if left out. */
  readonly workers?: number;
}

/** Equal nodes, each a `backside start` process with a data folder of its own, over a namespace that nobody else uses. */
export interface Cluster {
  readonly nodes: readonly ClusterNode[];
  /** Flags by which a further `backside` process joins, but for its data folder and ports. */
  readonly flags: readonly string[];
  /** Starts one more, with an empty data folder. */
  add(options?: AddOptions): Promise<ClusterNode>;
  /** Ends the nodes, removes their folders, and stops the servers that were started for them. */
  stop(): Promise<void>;
}

const SERVICES: Readonly<Record<ClusterStore | Exclude<ClusterNotifier, 'none'>, ServiceName>> = {
  mongodb: 'mongodb',
  postgres: 'postgres',
  amqp: 'rabbitmq',
  redis: 'redis',
  nats: 'nats',
};

/** Starts the nodes; null, with a line on stderr, if a server for them cannot be had. */
export async function startCluster(options: ClusterOptions): Promise<Cluster | null> {
  const services = new Map<ServiceName, Service>();
  for (const name of neededServices(options)) {
    const service = await sharedService(name);
    if (service !== null) services.set(name, service);
    else return stopAll(services.values()).then(() => null);
  }
  const cluster = new ProcessCluster(options, services, await mkdtemp(join(tmpdir(), 'backside-cluster-')));
  try {
    for (let index = 0; index < options.nodes; index += 1) await cluster.add();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The servers that the options name no URL of. */
function neededServices({ store, notifier, urls }: ClusterOptions): Set<ServiceName> {
  const given = urls?.(0);
  const needed = new Set<ServiceName>();
  if (given?.store === undefined) needed.add(SERVICES[store]);
  if (notifier !== 'none' && given?.notifier === undefined) needed.add(SERVICES[notifier]);
  return needed;
}

async function stopAll(services: Iterable<Service>): Promise<void> {
  for (const service of services) await service.stop();
}

class ProcessCluster implements Cluster {
  readonly nodes: ProcessNode[] = [];
  readonly #options: ClusterOptions;
  readonly #services: ReadonlyMap<ServiceName, Service>;
  readonly #folder: string;
  readonly #name = `t${randomBytes(6).toString('hex')}`;

  constructor(options: ClusterOptions, services: ReadonlyMap<ServiceName, Service>, folder: string) {
    this.#options = options;
    this.#services = services;
    this.#folder = folder;
  }

  get flags(): readonly string[] {
    return this.#flagsOf(0);
  }

  async add(options: AddOptions = {}): Promise<ClusterNode> {
    const index = this.nodes.length;
    const workers = options.workers ?? this.#options.workers ?? 1;
    const flags = [...this.#flagsOf(index), ...(this.#options.args ?? []), ...(options.args ?? [])];
    const node = new ProcessNode(join(this.#folder, `node-${index}`), workers, flags);
    this.nodes.push(node);
    await node.restart();
    return node;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()));
    await rm(this.#folder, { recursive: true, force: true });
    await stopAll(this.#services.values());
  }

  #flagsOf(index: number): string[] {
    const { store, notifier, urls } = this.#options;
    const { store: storeUrl, notifier: notifierUrl } = urls?.(index) ?? {};
    const flags = ['--store', store, '--store-url', storeUrl ?? this.#urlOf(store), '--store-namespace', this.#name];
    if (notifier === 'none') return flags;
    const url = notifierUrl ?? this.#urlOf(notifier);
    return [...flags, '--notifier', notifier, '--notifier-url', url, '--notifier-prefix', this.#name];
  }

  #urlOf(kind: keyof typeof SERVICES): string {
    return this.#services.get(SERVICES[kind])!.url;
  }
}

class ProcessNode implements ClusterNode {
  readonly #folder: string;
  readonly #workers: number;
  readonly #flags: readonly string[];
  #server: ServerHandle | null = null;

  constructor(folder: string, workers: number, flags: readonly string[]) {
    this.#folder = folder;
    this.#workers = workers;
    this.#flags = flags;
  }

  get server(): ServerHandle {
    if (this.#server === null) throw new Error('the node has not started');
    return this.#server;
  }

  get url(): string {
    return this.server.url;
  }

  async restart(): Promise<void> {
    const before = this.#server;
    const ports = before === null ? [] : ['--port', `${before.httpPort}`, '--tcp-port', `${before.tcpPort}`];
    this.#server = await startServer({
      dataDir: this.#folder,
      workers: this.#workers,
      args: [...this.#flags, ...ports],
    });
  }

  kill(): Promise<void> {
    return this.server.kill();
  }

  stop(): Promise<number> {
    return this.server.stop();
  }

  freeze(): void {
    process.kill(this.server.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.server.pid, 'SIGCONT');
  }

  /** Whatever state it is in. */
  async end(): Promise<void> {
    if (this.#server !== null) await this.#server.kill();
  }
}
