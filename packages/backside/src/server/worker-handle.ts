import cluster, { type Worker } from 'node:cluster';
import type { IndexDefinition } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import type { Ports } from './edges.js';
import { type LinkChannel, MessageLink } from './message-link.js';
import type { NodeLink } from './node-link.js';
import { CONTROL_CHANNEL, type ToPrimary, type ToWorker } from './worker-messages.js';

export interface WorkerOptions {
  readonly config: ServerConfig;
  /** Names the worker in its commits and messages. */
  readonly nodeId: string;
  /** Called before the worker's first message can arrive. */
  readonly connect: (link: MessageLink) => void;
  /** Called when the rules of a database ask for these indexes; every worker tells. */
  readonly setIndexes: (database: string, definitions: readonly IndexDefinition[]) => void;
  /** Other nodes; null if the store is this node's own. */
  readonly nodeLink: NodeLink | null;
  /** The text of `/metrics` for the whole cluster. */
  readonly clusterMetrics: () => Promise<string>;
}

/** What may wait for a worker that takes no messages. Notifications stop long before; so this is answers to its own calls. */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;

/** One worker process, as the primary sees it. */
export class WorkerHandle {
  /** Resolves once the worker serves; rejects if it ends before. */
  readonly ready: Promise<Ports>;
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  readonly #worker: Worker;
  readonly #control: LinkChannel;
  #failure: string | null = null;
  #hasServed = false;

  constructor(options: WorkerOptions) {
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
        else if (told.kind === 'join') options.nodeLink?.join(told.topic);
        else if (told.kind === 'indexes') options.setIndexes(told.database, told.definitions);
        else void this.#answerMetrics(told.id, options.clusterMetrics);
      });
      void this.ended.then((reason) => reject(new Error(reason)));
    });
  }

  /** Whether it ever was ready. */
  get hasServed(): boolean {
    return this.#hasServed;
  }

  /** Has the worker drain and end. */
  stop(): void {
    this.#tell({ kind: 'stop' });
  }

  /** Ends the worker at once; its clients connect to another. */
  kill(reason: string): void {
    this.#failure ??= reason;
    this.#worker.process.kill('SIGKILL');
  }

  #start({ config, nodeId, nodeLink }: WorkerOptions): void {
    const unwatch = nodeLink?.watch((state) => this.#tell({ kind: 'broker', state }));
    void this.ended.then(unwatch);
    this.#tell({ kind: 'start', config, nodeId });
  }

  #serves(ports: Ports, resolve: (ports: Ports) => void): void {
    this.#hasServed = true;
    resolve(ports);
  }

  async #answerMetrics(id: number, clusterMetrics: () => Promise<string>): Promise<void> {
    const text = await clusterMetrics().catch(() => null);
    this.#tell({ kind: 'metrics', id, text });
  }

  #tell(message: ToWorker): void {
    this.#control.send(message);
  }
}
