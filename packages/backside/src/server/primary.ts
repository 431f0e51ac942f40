import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import { type SharedJournal, shareJournal } from '@backside/journal-ipc';
import { type NotificationRelay, relayNotifications } from '@backside/notifier-ipc';
import { createMetricsCollector } from '@backside/proxy';
import type { IndexDefinition } from '@backside/store';
import { isSharedStore } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { type CheckpointedJournal, openCheckpointedJournal } from './checkpointed-journal.js';
import { openDataFolder, privateNameOf } from './data-folder.js';
import type { Ports } from './edges.js';
import { assertRollable, liveChanges, readAgain, withOptions } from './live-settings.js';
import { type AdjustableLogger, withFields } from './logger.js';
import type { MessageLink } from './message-link.js';
import { NodeLink } from './node-link.js';
import { nodeNameOf } from './node-name.js';
import { openNotifier } from './notifiers.js';
import { Opened } from './opened.js';
import { clearOperatorSocket } from './operator-socket.js';
import { restartWorkers } from './rolling-restart.js';
import type { RunningServer, StartOptions } from './running-server.js';
import { keepPorts, settlePorts } from './settled-ports.js';
import { QuestionRelay } from './siblings.js';
import { WorkerHandle } from './worker-handle.js';
import { journalChannel, NOTIFICATIONS_CHANNEL, SIBLINGS_CHANNEL, type SteerOutcome } from './worker-messages.js';
import { joinRelay } from './worker-news.js';

/** Milliseconds before a worker that died is replaced: doubled from the first to the last while none stays alive. */
const FIRST_RESTART_DELAY = 100;
const LAST_RESTART_DELAY = 10_000;
/** A worker that has served this many milliseconds was alive. */
const HEALTHY_AFTER = 1_000;
/** The part of the drain time that workers may use up; the rest is for closing the data. */
const WORKER_SHARE = 0.85;

/** Owns the journals, and has `config.workers` equal processes serve clients. Resolves once all of them do. */
export async function startPrimary({ config, logger, reread, ending }: StartOptions): Promise<RunningServer> {
  const settled = await settlePorts(config);
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const node = await openNode({ config, logger, ending }, fail);
  await clearOperatorSocket(config.data);
  // The workers accept connections themselves. The other policy, where the primary hands them round, leaves a connection
  // hanging for ever that was handed to a worker which died before it took it.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('../cluster-worker.js', import.meta.url)),
    args: [],
    serialization: 'advanced',
  });
  const primary = new Primary(settled, { logger, node, reread: () => keepPorts(reread(), settled) });
  try {
    const ports = await Promise.race([primary.start(), whenAborted(ending)]);
    return {
      ports,
      failed,
      restart: () => primary.restart(),
      reload: () => primary.reload(),
      stop: () => primary.stop(),
    };
  } catch (error) {
    await primary.stop();
    throw error;
  }
}

/** What the workers of a node have in common. */
interface Node {
  readonly name: string;
  readonly journals: ReadonlyMap<string, CheckpointedJournal>;
  readonly relay: NotificationRelay;
  /** Other nodes; null if the store is this node's own. */
  readonly link: NodeLink | null;
  close(): Promise<void>;
}

/** Rejects with its reason. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
}

async function openNode(
  { config, logger, ending }: Omit<StartOptions, 'reread'>,
  onFatal: (error: Error) => void,
): Promise<Node> {
  const name = nodeNameOf(config);
  const opened = new Opened();
  const relay = relayNotifications();
  const journals = new Map<string, CheckpointedJournal>();
  try {
    opened.add(await openDataFolder(config));
    const notifier = opened.add(await openNotifier({ config, nodeId: name, logger }));
    const shared = isSharedStore(config.store);
    const link = shared ? opened.add(new NodeLink(notifier, joinRelay(relay), logger)) : null;
    for (const database of config.databases.flatMap((served) => [served, privateNameOf(served)])) {
      ending.throwIfAborted();
      const options = { config, database, nodeId: name, logger: withFields(logger, { database }), onFatal, ending };
      journals.set(database, opened.add(await openCheckpointedJournal(options, link)));
    }
    return { name, journals, relay, link, close: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

interface PrimaryParts {
  readonly logger: AdjustableLogger;
  readonly node: Node;
  /** The settings as they are written now, checked. Throws `ConfigError`. */
  readonly reread: () => ServerConfig;
}

class Primary {
  #config: ServerConfig;
  /** While workers are replaced: the settings for the case that none can start with the new ones. */
  #fallback: ServerConfig | null = null;
  readonly #logger: AdjustableLogger;
  readonly #reread: () => ServerConfig;
  readonly #node: Node;
  readonly #shared: ReadonlyMap<string, SharedJournal>;
  readonly #questions = new QuestionRelay();
  readonly #collectMetrics = createMetricsCollector();
  readonly #workers = new Set<WorkerHandle>();
  /** By database, as JSON. */
  readonly #indexes = new Map<string, string>();
  #restartDelay = FIRST_RESTART_DELAY;
  #restartTimers = new Set<NodeJS.Timeout>();
  #forked = 0;
  /** Whether all workers of the start have served. */
  #started = false;
  #stopping = false;
  #restarting: Promise<void> | null = null;

  constructor(config: ServerConfig, { logger, node, reread }: PrimaryParts) {
    this.#config = config;
    this.#logger = logger;
    this.#reread = reread;
    this.#node = node;
    this.#shared = new Map([...node.journals].map(([database, journal]) => [database, shareJournal(journal)]));
  }

  async start(): Promise<Ports> {
    const ready = await Promise.all(
      Array.from({ length: this.#config.workers }, (_, index) => this.#fork(index === 0).ready),
    );
    this.#started = true;
    return ready[0]!;
  }

  /** Has the workers drain. Those that have not ended in their share of the time are killed, so that the data is closed in order. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restartTimers) clearTimeout(timer);
    for (const worker of this.#workers) worker.stop();
    const late = setTimeout(() => this.#killWorkers(), WORKER_SHARE * this.#config.drainTimeout);
    await Promise.all([...this.#workers].map(({ ended }) => ended));
    clearTimeout(late);
    await this.#node.close();
  }

  /** Begins to replace the workers by such with the present settings. Rejects with `invalid-data` if those cannot be taken on so. */
  async restart(): Promise<void> {
    const config = await readAgain(this.#reread);
    if (this.#restarting !== null || this.#stopping) return;
    assertRollable(this.#config, config);
    this.#restarting = this.#replaceAll(config).finally(() => {
      this.#restarting = null;
    });
  }

  /** If a worker cannot start with the settings, the next that is needed gets those from before. */
  async #replaceAll(config: ServerConfig): Promise<void> {
    this.#fallback = this.#config;
    this.#apply(config);
    const replaced = await restartWorkers({
      workers: () => this.#workers,
      replace: ({ leads }) => this.#fork(leads, { instead: true }),
      stopping: () => this.#stopping,
      drainMs: WORKER_SHARE * config.drainTimeout,
      logger: this.#logger,
    });
    if (!replaced) this.#apply(this.#fallback);
    this.#fallback = null;
  }

  async reload(): Promise<readonly string[]> {
    const config = await readAgain(this.#reread);
    const changed = liveChanges(this.#config, config);
    this.#apply(config);
    if (this.#fallback !== null) this.#fallback = withOptions(this.#fallback, changed, config);
    for (const worker of this.#workers) worker.reload(config);
    this.#logger.info({ changed }, 'the settings were read again');
    return changed;
  }

  #apply(config: ServerConfig): void {
    this.#config = config;
    this.#logger.setLevel(config.logLevel);
  }

  async #steer(what: 'restart' | 'reload'): Promise<SteerOutcome> {
    try {
      if (what === 'reload') return { changed: await this.reload() };
      await this.restart();
      return { changed: [] };
    } catch (error) {
      this.#logger.warn({ err: error }, `an admin asked for a ${what}, which is refused`);
      return { refusal: error instanceof Error ? error.message : String(error) };
    }
  }

  #killWorkers(): void {
    this.#logger.error({ workers: this.#workers.size }, 'workers that did not drain in time are killed');
    for (const worker of this.#workers) worker.kill('did not drain in time');
  }

  /** `leads`: it does what one process of the node does for all. `instead`: of a worker that serves until this one does. */
  #fork(leads: boolean, { instead = false } = {}): WorkerHandle {
    this.#forked += 1;
    const worker = new WorkerHandle({
      config: this.#config,
      nodeId: `${this.#node.name}-${this.#forked}`,
      node: this.#node.name,
      leads,
      connect: (link) => this.#connect(link),
      setIndexes: (database, definitions) => this.#setIndexes(database, definitions),
      nodeLink: this.#node.link,
      clusterMetrics: () => this.#clusterMetrics(),
      steer: (what) => this.#steer(what),
    });
    this.#workers.add(worker);
    void worker.ended.then(() => this.#workers.delete(worker));
    this.#replaceWhenEnded(worker, instead);
    return worker;
  }

  /** A worker that starts does not hear when it is asked for its figures; so that is waited for. */
  async #clusterMetrics(): Promise<string> {
    await Promise.allSettled([...this.#workers].map(({ ready }) => ready));
    return this.#collectMetrics();
  }

  #connect(link: MessageLink): void {
    for (const [database, journal] of this.#shared) journal.serve(link.channel(journalChannel(database)));
    this.#node.relay.add(link.channel(NOTIFICATIONS_CHANNEL));
    this.#questions.add(link.channel(SIBLINGS_CHANNEL));
  }

  /** All workers tell the same; the first one counts. */
  #setIndexes(database: string, definitions: readonly IndexDefinition[]): void {
    const text = JSON.stringify(definitions);
    if (this.#indexes.get(database) === text) return;
    this.#indexes.set(database, text);
    this.#node.journals
      .get(database)
      ?.setIndexes(definitions)
      .catch((error: unknown) => this.#logger.error({ err: error, database }, 'the indexes could not be built'));
  }

  /**
   * One that ends before it served, while the server starts, is not replaced: then the start fails. Nor is one that should have stood in for
   * another, which stays.
   */
  #replaceWhenEnded(worker: WorkerHandle, instead: boolean): void {
    const healthy = setTimeout(() => {
      this.#restartDelay = FIRST_RESTART_DELAY;
    }, HEALTHY_AFTER);
    void worker.ended.then((reason) => {
      clearTimeout(healthy);
      if (this.#stopping || worker.isRetiring) return;
      if (!worker.hasServed && (instead || !this.#started)) return;
      this.#logger.error({ reason, restartInMs: this.#restartDelay }, 'a worker has ended and is replaced');
      const timer = setTimeout(() => {
        this.#restartTimers.delete(timer);
        this.#replace(worker.leads);
      }, this.#restartDelay);
      this.#restartTimers.add(timer);
      this.#restartDelay = Math.min(LAST_RESTART_DELAY, 2 * this.#restartDelay);
    });
  }

  #replace(leads: boolean): void {
    const worker = this.#fork(leads);
    worker.ready.then(
      () => this.#logger.info({}, 'a new worker serves'),
      (error: unknown) => this.#logger.error({ err: error }, 'a new worker could not start'),
    );
  }
}
