import type { Logger } from '@backside/protocol';
import type { ServerConfig } from '../config/server-options.js';
import { openDataFolder } from './data-folder.js';
import { openDatabases } from './databases.js';
import { openEdges } from './edges.js';
import { nodeNameOf } from './node-name.js';
import { openNotifier } from './notifiers.js';
import { Opened } from './opened.js';
import { clearOperatorSocket } from './operator-socket.js';
import type { RunningServer } from './running-server.js';
import { createNoSiblings } from './siblings.js';
import { openStorage } from './storage.js';

/** Everything in this process. */
export async function startSingleServer(config: ServerConfig, logger: Logger): Promise<RunningServer> {
  const nodeId = nodeNameOf(config);
  const opened = new Opened();
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
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
        openStorage: (database, databaseLogger) =>
          openStorage({ config, database, nodeId, logger: databaseLogger, onFatal: fail }),
      }),
    );
    if (config.store !== 'memory') await clearOperatorSocket(config.data);
    const edges = await openEdges({ config, logger, databases, siblings: createNoSiblings() });
    opened.onClose(() => edges.drain());
    return { ports: edges.ports, failed, stop: opened.close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
