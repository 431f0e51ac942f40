import { createMemoryNotifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { ServerConfig } from '../config/server-options.js';
import { prepareDataFolder } from './data-folder.js';
import { openDatabases } from './databases.js';
import { openEdges } from './edges.js';
import { clearOperatorSocket } from './operator-socket.js';
import type { RunningServer } from './running-server.js';
import { createNoSiblings } from './siblings.js';
import { openStorage } from './storage.js';

/** Everything in this process. */
export async function startSingleServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  if (config.store === 'embedded') await prepareDataFolder(config.data);
  const notifier = createMemoryNotifier();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  const databases = await openDatabases({
    config,
    logger,
    notifier,
    nodeId: `node-${process.pid}`,
    trimsJournal: true,
    onLost: fail,
    openStorage: (database, databaseLogger) => openStorage({ config, database, logger: databaseLogger, onFatal: fail }),
  });
  const close = async (): Promise<void> => {
    await databases.close();
    await notifier.close();
  };
  try {
    if (config.store === 'embedded') await clearOperatorSocket(config.data);
    const edges = await openEdges({ config, logger, databases, siblings: createNoSiblings() });
    const stop = async (): Promise<void> => {
      await edges.drain();
      await close();
    };
    return { ports: edges.ports, failed, stop };
  } catch (error) {
    await close();
    throw error;
  }
}
