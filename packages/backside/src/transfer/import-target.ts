import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, BacksideError, HEADERS, SILENT_LOGGER } from '@backside/protocol';
import { formatPath, type Path } from '@backside/tree';
import { parseServerUrl } from '../client/server-url.js';
import { connectStomp } from '../client/stomp-client.js';
import type { ServerConfig } from '../config/server-options.js';
import { prepareDataFolder } from '../server/data-folder.js';
import { openDatabases } from '../server/databases.js';
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

/** Writes through a running server. */
export async function openServerTarget(url: string, database: string, token: string | null): Promise<ImportTarget> {
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

/** Writes into a data folder that no server uses. Throws `unavailable` if one does. */
export async function openFolderTarget(config: ServerConfig): Promise<ImportTarget> {
  await prepareDataFolder(config.data);
  const notifier = createMemoryNotifier();
  const databases = await openDatabases({
    config,
    logger: SILENT_LOGGER,
    notifier,
    nodeId: 'import',
    trimsJournal: true,
    openStorage: (database, logger) => openStorage({ config, database, logger }),
  }).catch((cause: unknown) => {
    if (!(cause instanceof BacksideError) || cause.code !== 'unavailable') throw cause;
    throw new Error(`${cause.message}; to import through the server that runs there, use --url`, { cause });
  });
  return {
    commit: async (path, write) => {
      const { revision } = await databases.all[0]!.write({ principal: ADMIN, steps: [{ ...write, path }] });
      return revision;
    },
    close: async () => {
      await databases.close();
      await notifier.close();
    },
  };
}
