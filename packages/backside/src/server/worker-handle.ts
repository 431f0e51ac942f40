import cluster, { type Worker } from 'node:cluster';
import type { IndexDefinition } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import type { Ports } from './edges.js';
import { type LinkChannel, MessageLink } from './message-link.js';
import type { NodeLink } from './node-link.js';
import { CONTROL_CHANNEL, type SteerOutcome, type ToPrimary, type ToWorker } from './worker-messages.js';

export interface WorkerOptions {
  readonly config: ServerConfig;
  /** Names the worker in its commits and messages. */
  readonly nodeId: string;
  /** Names the node. */
  readonly node: string;
  /** Whether it does what one process of the node does for all. */
  readonly leads: boolean;
  /** Called before the worker's first message can arrive. */
  readonly connect: (link: MessageLink) => void;
  /** Called when the rules of a database ask for these indexes; every worker tells. */
  readonly setIndexes: (database: string, definitions: readonly IndexDefinition[]) => void;
  /** Other nodes; null if the store is this node's own. */
  readonly nodeLink: NodeLink | null;
  /** The text of `/metrics` for the whole cluster. */
  readonly clusterMetrics: () => Promise<string>;
  /** An admin steers the server through this worker. */
  readonly steer: (what: 'restart' | 'reload') => Promise<SteerOutcome>;
}

/** What may wait for a worker that takes no messages. Notifications stop long before; so this is answers to its own calls. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;

/** One worker process, as the primary sees it. */
export class WorkerHandle {
  /** Resolves once the worker serves; rejects if it ends before. */
  readonly ready: Promise<Ports>;
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  /** Whether it does what one process of the node does for all. */
  readonly leads: boolean;
  readonly #worker: Worker;
  readonly #control: LinkChannel;
  /** What it takes part in, and how to end that. */
  readonly #joined = new Map<string, () => void>();
  #failure: string | null = null;
  #hasServed = false;
  #retiring = false;

  constructor(options: WorkerOptions) {
    this.leads = options.leads;
    this.#worker = cluster.fork();
    const link = new MessageLink(this.#worker, {
      maxUnsentBytes: MAX_UNSENT_BYTES,
      onExceeded: () => this.kill('takes no messages'),
    });
    options.connect(link);
    this.#control = link.channel(CONTROL_CHANNEL);
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (code, signal) => resolve(this.#failure ?? `ended with ${signal ?? `code ${code}`}`));
    });
    this.ready = new Promise((resolve, reject) => {
      this.#control.onMessage((message) => {
        const told = message as ToPrimary;
        if (told.kind === 'born') this.#start(options);
        else if (told.kind === 'ready') this.#serves(told.ports, resolve);
        else if (told.kind === 'failed') this.#failure = told.message;
        else if (told.kind === 'join') this.#join(told.topic, options.nodeLink);
        else if (told.kind === 'leave') this.#leave(told.topic);
        else if (told.kind === 'indexes') options.setIndexes(told.database, told.definitions);
        else if (told.kind === 'steer') void this.#answerSteer(told, options.steer);
        else void this.#answerMetrics(told.id, options.clusterMetrics);
      });
      void this.ended.then((reason) => {
        for (const topic of [...this.#joined.keys()]) this.#leave(topic);
        reject(new Error(reason));
      });
    });
  }

  /** Whether it ever was ready. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Whether it was told to leave to the others. */
  get isRetiring(): boolean {
    return this.#retiring;
  }

  /** Has the worker drain and end. */
  stop(): void {
    this.#tell({ kind: 'stop', retiring: false });
  }

  /** Has the worker leave new connections to the others from now on, drain and end. */
  retire(): void {
    this.#retiring = true;
    this.#tell({ kind: 'stop', retiring: true });
  }

  /** One that starts yet is told once it serves: before, it may not listen, and has nothing that could take the settings on. */
  reload(config: ServerConfig): void {
    this.ready.then(
      () => this.#tell({ kind: 'reload', config }),
      () => {}, // it has ended, and whoever waits for it knows
    );
  }

  /** Ends the worker at once; its clients connect to another. */
  kill(reason: string): void {
    this.#failure ??= reason;
    this.#worker.process.kill('SIGKILL');
  }

  #join(topic: string, link: NodeLink | null): void {
    if (link !== null && !this.#joined.has(topic)) this.#joined.set(topic, link.join(topic));
  }

  #leave(topic: string): void {
    this.#joined.get(topic)?.();
    this.#joined.delete(topic);
  }

  #start({ config, nodeId, node, nodeLink, leads }: WorkerOptions): void {
    const unwatch = nodeLink?.watch((state) => this.#tell({ kind: 'broker', state }));
    void this.ended.then(unwatch);
    this.#tell({ kind: 'start', config, nodeId, node, leads });
  }

  #serves(ports: Ports, resolve: (ports: Ports) => void): void {
    this.#hasServed = true;
    resolve(ports);
  }

  async #answerMetrics(id: number, clusterMetrics: () => Promise<string>): Promise<void> {
    // A worker that ends while it is asked spoils one collection; the next does not ask it.
    const text = await clusterMetrics()
      .catch(() => clusterMetrics())
      .catch(() => null);
    this.#tell({ kind: 'metrics', id, text });
  }

  async #answerSteer(
    asked: { readonly id: number; readonly what: 'restart' | 'reload' },
    steer: WorkerOptions['steer'],
  ): Promise<void> {
    this.#tell({ kind: 'steered', id: asked.id, outcome: await steer(asked.what) });
  }

  #tell(message: ToWorker): void {
    this.#control.send(message);
  }
}
