import { createIpcJournal } from '@backside/journal-ipc';
import type { Notifier } from '@backside/notifier';
import { createIpcNotifier } from '@backside/notifier-ipc';
import { BacksideError, type Logger } from '@backside/protocol';
import { createLmdbReplica } from '@backside/replica-lmdb';
import { isSharedStore } from './config/node-pairing.js';
import type { ServerConfig } from './config/server-options.js';
import { databaseFolders, privateNameOf } from './server/data-folder.js';
import { openDatabases } from './server/databases.js';
import { openEdges } from './server/edges.js';
import { type AdjustableLogger, createLogger, withFields } from './server/logger.js';
import { type LinkChannel, MessageLink } from './server/message-link.js';
import { openServices, type Services, type Steering } from './server/services.js';
import { createSiblings } from './server/siblings.js';
import type { Storage } from './server/storage.js';
import {
  CONTROL_CHANNEL,
  journalChannel,
  NOTIFICATIONS_CHANNEL,
  SIBLINGS_CHANNEL,
  type SteerOutcome,
  type ToPrimary,
  type ToWorker,
} from './server/worker-messages.js';
import { type BrokerState, createWorkerNotifier } from './server/worker-notifier.js';

type StartMessage = Extract<ToWorker, { readonly kind: 'start' }>;

/**
 * One worker of a cluster: serves clients, keeps the journal's commits of late in memory above the tree that the primary
 * checkpoints, and appends through the primary. Ends when it is told to, or with the primary.
 */
class WorkerServer {
  readonly #link = new MessageLink(process);
  readonly #control: LinkChannel = this.#link.channel(CONTROL_CHANNEL);
  readonly #metrics = new Map<number, (text: string | null) => void>();
  #nextRequest = 1;
  #broker: BrokerState = { betweenNodes: false, up: false, dropped: 0 };
  #rootLogger: AdjustableLogger | null = null;
  #logger: Logger | null = null;
  #services: Services | null = null;
  readonly #steered = new Map<number, (outcome: SteerOutcome) => void>();
  #ending = false;
  #stop: (retiring: boolean) => Promise<void> = async () => {};

  run(): void {
    // The terminal sends its signals to all processes; the primary decides what they mean.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => {});
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.on(event, (error) => this.#fail(error, 'an error that nobody handled; the worker ends'));
    }
    this.#control.onMessage((message) => this.#receive(message as ToWorker));
    this.#control.onClose(() => process.exit(1));
    this.#tell({ kind: 'born' });
  }

  #receive(message: ToWorker): void {
    if (message.kind === 'metrics') this.#metrics.get(message.id)?.(message.text);
    else if (message.kind === 'stop') this.#end(message.retiring);
    else if (message.kind === 'steered') this.#steered.get(message.id)?.(message.outcome);
    else if (message.kind === 'reload') this.#reload(message.config);
    else if (message.kind === 'broker') this.#broker = message.state;
    else this.#start(message);
  }

  #start(start: StartMessage): void {
    this.#rootLogger = createLogger(start.config, process.stderr);
    const logger = withFields(this.#rootLogger, { worker: start.nodeId });
    this.#logger = logger;
    this.#serve(start, logger).catch((error: unknown) => this.#giveUp(error));
  }

  /** The primary has checked the settings, except those of files that may have changed since. */
  #reload(config: ServerConfig): void {
    this.#rootLogger?.setLevel(config.logLevel);
    this.#services?.reload(config).catch((error: unknown) => {
      this.#logger?.error({ err: error }, 'the settings could not be put in force here');
    });
  }

  async #serve({ config, nodeId, node, leads }: StartMessage, logger: Logger): Promise<void> {
    const notifier = this.#openNotifier(config);
    const databases = await openDatabases({
      config,
      logger,
      notifier,
      nodeId,
      trimsJournal: false,
      onLost: (error) => this.#fail(error, 'the journal has dropped what this worker has not read; it ends'),
      openStorage: (database) => this.#openStorage(config, database),
    });
    const services = await openServices({
      config,
      logger,
      databases,
      notifier,
      nodeId,
      node,
      leads,
      steer: this.#steering(),
    });
    this.#services = services;
    const edges = await openEdges({
      config,
      logger,
      databases,
      services,
      siblings: createSiblings(this.#link.channel(SIBLINGS_CHANNEL)),
      member: { name: nodeId, collectMetrics: () => this.#clusterMetrics() },
    });
    this.#stop = async (retiring) => {
      await edges.drain({ retiring });
      await services.close();
      await databases.close();
      await notifier.close();
    };
    this.#tell({ kind: 'ready', ports: edges.ports });
  }

  #openNotifier(config: ServerConfig): Notifier {
    const siblings = createIpcNotifier(this.#link.channel(NOTIFICATIONS_CHANNEL));
    if (!isSharedStore(config.store)) return siblings;
    const databases = new Set(config.databases.flatMap((name) => [name, privateNameOf(name)]));
    return createWorkerNotifier({
      siblings,
      broker: () => this.#broker,
      join: (topic) => {
        // The primary tells of the databases' commits itself.
        if (!databases.has(topic)) this.#tell({ kind: 'join', topic });
      },
      leave: (topic) => {
        if (!databases.has(topic)) this.#tell({ kind: 'leave', topic });
      },
    });
  }

  async #openStorage(config: ServerConfig, database: string): Promise<Storage> {
    const journal = await createIpcJournal(this.#link.channel(journalChannel(database)));
    const replica = createLmdbReplica({ directory: databaseFolders(config.data, database).replica, mode: 'follower' });
    const close = async (): Promise<void> => {
      await replica.close();
      await journal.close();
    };
    return {
      journal,
      replica,
      setIndexes: async (definitions) => this.#tell({ kind: 'indexes', database, definitions }),
      close,
    };
  }

  #clusterMetrics(): Promise<string> {
    const id = this.#nextRequest++;
    return new Promise((resolve, reject) => {
      this.#metrics.set(id, (text) => {
        this.#metrics.delete(id);
        if (text === null) reject(new Error('the primary could not collect the metrics'));
        else resolve(text);
      });
      this.#tell({ kind: 'metrics', id });
    });
  }

  #steering(): Steering {
    const ask = async (what: 'restart' | 'reload'): Promise<readonly string[]> => {
      const outcome = await this.#steer(what);
      if ('refusal' in outcome) throw new BacksideError('invalid-data', outcome.refusal);
      return outcome.changed;
    };
    return {
      restart: async () => {
        await ask('restart');
      },
      reload: () => ask('reload'),
    };
  }

  #steer(what: 'restart' | 'reload'): Promise<SteerOutcome> {
    const id = this.#nextRequest++;
    return new Promise((resolve) => {
      this.#steered.set(id, (outcome) => {
        this.#steered.delete(id);
        resolve(outcome);
      });
      this.#tell({ kind: 'steer', id, what });
    });
  }

  #end(retiring: boolean): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#stop(retiring).then(
      () => process.exit(0),
      (error: unknown) => this.#fail(error, 'the worker could not be stopped in order'),
    );
  }

  #fail(error: unknown, message: string): void {
    this.#logger?.error({ err: error }, message);
    this.#giveUp(error);
  }

  /** The primary says why. */
  #giveUp(error: unknown): void {
    process.send?.({ channel: CONTROL_CHANNEL, message: failure(error) }, () => process.exit(1));
  }

  #tell(message: ToPrimary): void {
    this.#control.send(message);
  }
}

function failure(error: unknown): ToPrimary {
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
}

new WorkerServer().run();
