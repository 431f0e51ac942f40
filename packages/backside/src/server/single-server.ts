import { BacksideError, type Logger } from '@backside/protocol';
import type { ServerConfig } from '../config/server-options.js';
import { openDataFolder } from './data-folder.js';
import { openDatabases } from './databases.js';
import { openEdges } from './edges.js';
import { liveChanges, readAgain } from './live-settings.js';
import type { AdjustableLogger } from './logger.js';
import { nodeNameOf } from './node-name.js';
import { openNotifier } from './notifiers.js';
import { Opened } from './opened.js';
import { clearOperatorSocket } from './operator-socket.js';
import type { RunningServer, StartOptions } from './running-server.js';
import { openServices, type Steering } from './services.js';
import { createNoSiblings } from './siblings.js';
import { openStorage } from './storage.js';

type Live = Pick<StartOptions, 'reread' | 'ending'> & Pick<AdjustableLogger, 'setLevel'>;

const KEEP_ALIVE_MS = 60_000;

/** Everything in this process. Without `live` its settings stay as they are. */
export async function startSingleServer(
  config: ServerConfig,
  logger: Logger,
  live: Live | null = null,
): Promise<RunningServer> {
  const nodeId = nodeNameOf(config);
  const opened = new Opened();
  const ending = live?.ending;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const alive = setInterval(() => {}, KEEP_ALIVE_MS); // while it starts, there may be nothing but the wait for another try
  try {
    opened.add(await openDataFolder(config));
    const notifier = opened.add(await openNotifier({ config, nodeId, logger }));
    const databases = opened.add(
      await openDatabases({
        config,
        logger,
        notifier,
        nodeId,
        trimsJournal: true,
        onLost: fail,
        openStorage: async (database, databaseLogger) => {
          ending?.throwIfAborted();
          return openStorage({ config, database, nodeId, logger: databaseLogger, onFatal: fail, ending });
        },
      }),
    );
    ending?.throwIfAborted();
    if (config.store !== 'memory') await clearOperatorSocket(config.data);
    const control = new SingleControl(config, live);
    const services = opened.add(
      await openServices({ config, logger, databases, notifier, nodeId, node: nodeId, leads: true, steer: control }),
    );
    ending?.throwIfAborted();
    const edges = await openEdges({ config, logger, databases, services, siblings: createNoSiblings() });
    control.apply = (changed) => services.reload(changed);
    opened.onClose(() => edges.drain());
    const { restart, reload } = control;
    return { ports: edges.ports, failed, restart, reload, stop: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  } finally {
    clearInterval(alive);
  }
}

/** Steers a server of one process. */
class SingleControl implements Steering {
  readonly #live: Live | null;
  #config: ServerConfig;
  /** Has the parts of the server take the settings on. */
  apply: (config: ServerConfig) => Promise<void> = async () => {};

  constructor(config: ServerConfig, live: Live | null) {
    this.#config = config;
    this.#live = live;
  }

  readonly restart = async (): Promise<void> => {
    throw new BacksideError(
      'invalid-data',
      'one process serves alone, so nothing can take over: start it with --workers 2',
    );
  };

  readonly reload = async (): Promise<readonly string[]> => {
    if (this.#live === null) return [];
    const config = await readAgain(this.#live.reread);
    const changed = liveChanges(this.#config, config);
    await this.apply(config);
    this.#live.setLevel(config.logLevel);
    this.#config = config;
    return changed;
  };
}
