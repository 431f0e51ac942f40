import { ADMIN, BacksideError, HEADERS, SILENT_LOGGER } from '@backside/protocol';
import { formatPath, type Path } from '@backside/tree';
import { parseServerUrl } from '../client/server-url.js';
import { connectStomp } from '../client/stomp-client.js';
import type { ServerConfig } from '../config/server-options.js';
import { openDataFolder } from '../server/data-folder.js';
import { type Databases, openDatabases } from '../server/databases.js';
import { nodeNameOf } from '../server/node-name.js';
import { openNotifier } from '../server/notifiers.js';
import { Opened } from '../server/opened.js';
import { openStorage } from '../server/storage.js';
import type { JsonValue } from './piece.js';

/** One imported commit. */
export interface ImportWrite {
  readonly method: 'set' | 'update';
  readonly value: JsonValue;
}

/** Where an import goes. */
export interface ImportTarget {
  /** Writes at `path` as one durable commit; resolves with its revision. */
  commit(path: Path, write: ImportWrite): Promise<number>;
  close(): Promise<void>;
}

/** Writes through a running server, to its first database if `database` is null. */
export async function openServerTarget(
  url: string,
  database: string | null,
  token: string | null,
): Promise<ImportTarget> {
  const client = await connectStomp({ url: parseServerUrl(url), database, token });
  return {
    commit: async (path, { method, value }) => {
      const headers = [
        ['destination', formatPath(path)],
        [HEADERS.method, method],
      ] as const;
      const receipt = await client.request('SEND', headers, JSON.stringify(value));
      return Number(receipt.get(HEADERS.revision));
    },
    close: () => client.close(),
  };
}

/** Writes into the store, as a node of its own, on a data folder that no server uses. Throws `unavailable` if one does. */
export async function openStoreTarget(config: ServerConfig): Promise<ImportTarget> {
  const opened = new Opened();
  try {
    const databases = await openOwn(config, opened);
    const commit: ImportTarget['commit'] = async (path, write) => {
      const { revision } = await databases.all[0]!.write({ principal: ADMIN, steps: [{ ...write, path }] });
      return revision;
    };
    return { commit, close: opened.close };
  } catch (cause) {
    await opened.close();
    if (!(cause instanceof BacksideError) || cause.code !== 'unavailable') throw cause;
    throw new Error(`${cause.message}; to import through the server that runs there, use --url`, { cause });
  }
}

async function openOwn(config: ServerConfig, opened: Opened): Promise<Databases> {
  const nodeId = nodeNameOf(config);
  const logger = SILENT_LOGGER;
  opened.add(await openDataFolder(config));
  const notifier = opened.add(await openNotifier({ config, nodeId, logger }));
  return opened.add(
    await openDatabases({
      config,
      logger,
      notifier,
      nodeId,
      trimsJournal: true,
      openStorage: (database, ownLogger) => openStorage({ config, database, nodeId, logger: ownLogger }),
    }),
  );
}
