import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serveJournal } from '@backside/journal-ipc';
import { relayNotifications } from '@backside/notifier-ipc';
import type { Logger } from '@backside/protocol';
import { createMetricsCollector } from '@backside/proxy';
import type { Journal } from '@backside/store';
import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';
import { openCheckpointedJournal } from './checkpointed-journal.js';
import { prepareDataFolder } from './data-folder.js';
import type { Ports } from './edges.js';
import { listen } from './listening.js';
import { withFields } from './logger.js';
import type { MessageLink } from './message-link.js';
import type { RunningServer } from './running-server.js';
import { WorkerHandle } from './worker-handle.js';
import { journalChannel, NOTIFICATIONS_CHANNEL } from './worker-messages.js';

/** Milliseconds before a worker that died is replaced: doubled from the first to the last while none stays alive. */
const FIRST_RESTART_DELAY = 100;
const LAST_RESTART_DELAY = 10_000;
/** A worker that has served this many milliseconds was alive. */
const HEALTHY_AFTER = 1_000;

/** Owns the journals, and has `config.workers` equal processes serve clients. Resolves once all of them do. */
export async function startPrimary(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  if (config.store !== 'embedded') throw new ConfigError('workers: several workers need the store "embedded"');
  await prepareDataFolder(config.data);
  const journals = await openJournals(config, logger);
  // The workers accept connections themselves. The other policy, where the primary hands them round, leaves a connection
  // hanging for ever that was handed to a worker which died before it took it.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('../cluster-worker.js', import.meta.url)),
    args: [],
    serialization: 'advanced',
  });
  const primary = new Primary(await settlePorts(config), logger, journals);
  try {
    const ports = await primary.start();
    return { ports, failed: new Promise(() => {}), stop: () => primary.stop() };
  } catch (error) {
    await primary.stop();
    throw error;
  }
}

async function openJournals(config: ServerConfig, logger: Logger): Promise<ReadonlyMap<string, Journal>> {
  const journals = new Map<string, Journal>();
  try {
    for (const database of config.databases) {
      journals.set(database, await openCheckpointedJournal(config, database, withFields(logger, { database })));
    }
    return journals;
  } catch (error) {
    for (const journal of journals.values()) await journal.close();
    throw error;
  }
}

class Primary {
  readonly #config: ServerConfig;
  readonly #logger: Logger;
  readonly #journals: ReadonlyMap<string, Journal>;
  readonly #relay = relayNotifications();
  readonly #collectMetrics = createMetricsCollector();
  readonly #workers = new Set<WorkerHandle>();
  #restartDelay = FIRST_RESTART_DELAY;
  #restartTimers = new Set<NodeJS.Timeout>();
  #forked = 0;
  #stopping = false;

  constructor(config: ServerConfig, logger: Logger, journals: ReadonlyMap<string, Journal>) {
    this.#config = config;
    this.#logger = logger;
    this.#journals = journals;
  }

  async start(): Promise<Ports> {
    const ready = await Promise.all(Array.from({ length: this.#config.workers }, () => this.#fork().ready));
    for (const worker of this.#workers) this.#replaceWhenEnded(worker);
    return ready[0]!;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#restartTimers) clearTimeout(timer);
    for (const worker of this.#workers) worker.stop();
    await Promise.all([...this.#workers].map(({ ended }) => ended));
    await Promise.all([...this.#journals.values()].map((journal) => journal.close()));
  }

  #fork(): WorkerHandle {
    this.#forked += 1;
    const worker = new WorkerHandle({
      config: this.#config,
      nodeId: `node-${process.pid}-${this.#forked}`,
      connect: (link) => this.#connect(link),
      clusterMetrics: this.#collectMetrics,
    });
    this.#workers.add(worker);
    void worker.ended.then(() => this.#workers.delete(worker));
    return worker;
  }

  #connect(link: MessageLink): void {
    for (const [database, journal] of this.#journals) serveJournal(journal, link.channel(journalChannel(database)));
    this.#relay.add(link.channel(NOTIFICATIONS_CHANNEL));
  }

  #replaceWhenEnded(worker: WorkerHandle): void {
    const healthy = setTimeout(() => {
      this.#restartDelay = FIRST_RESTART_DELAY;
    }, HEALTHY_AFTER);
    void worker.ended.then((reason) => {
      clearTimeout(healthy);
      if (this.#stopping) return;
      this.#logger.error({ reason, restartInMs: this.#restartDelay }, 'a worker has ended and is replaced');
      const timer = setTimeout(() => {
        this.#restartTimers.delete(timer);
        this.#replace();
      }, this.#restartDelay);
      this.#restartTimers.add(timer);
      this.#restartDelay = Math.min(LAST_RESTART_DELAY, 2 * this.#restartDelay);
    });
  }

  #replace(): void {
    const worker = this.#fork();
    this.#replaceWhenEnded(worker);
    worker.ready.then(
      () => this.#logger.info({}, 'a new worker serves'),
      (error: unknown) => this.#logger.error({ err: error }, 'a new worker could not start'),
    );
  }
}

/** Chooses free ports where any will do, so that all workers, also later ones, listen on the same. */
async function settlePorts(config: ServerConfig): Promise<ServerConfig> {
  const port = await settlePort(config.host, config.port);
  const tcpPort = await settlePort(config.host, config.tcpPort);
  return { ...config, port, tcpPort };
}

async function settlePort(host: string, port: number): Promise<number> {
  if (port !== 0) return port;
  const server = createServer();
  const settled = await listen(server, { host, port, option: 'port' });
  await new Promise((resolve) => server.close(resolve));
  return settled;
}
