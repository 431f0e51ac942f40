import type { Database } from '@backside/api';
import type { Backendjs, ReadRegistry } from '@backside/backendjs';
import type { FunctionsDesk, Jobs } from '@backside/jobs';
import type { Media } from '@backside/media';
import type { Notifier } from '@backside/notifier';
import type { Logger } from '@backside/protocol';
import type { ServiceState } from '@backside/proxy';
import { unsharedParts } from '../config/edge-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import type { Databases } from './databases.js';
import { openJobs } from './open-jobs.js';
import { openLegacy } from './open-legacy.js';
import { openMedia } from './open-media.js';
import { type Opened, openTogether } from './opened.js';

/** How an admin steers the server from one of its processes. */
export interface Steering {
  /** Begins to replace the workers. Rejects with `invalid-data` if that cannot be. */
  restart(): Promise<void>;
  /** Reads the settings again; resolves with the names of those that have changed. Rejects with `invalid-data`. */
  reload(): Promise<readonly string[]>;
}

export interface ServicesOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly databases: Databases;
  readonly notifier: Notifier;
  /** Names this process. */
  readonly nodeId: string;
  /** Names the node, all of whose processes say the same. */
  readonly node: string;
  /** Whether this process does what one of the node does for all: jobs, the crontab, functions. */
  readonly leads: boolean;
  readonly steer: Steering;
}

/** What a process serves beside the trees themselves. */
export interface Services {
  /** Images and files of a database; null where the role of the node has none. */
  media(database: Database): Media | null;
  /** Those of the first database. */
  readonly jobs: Jobs | null;
  /** Those of the first database, whichever process runs them; null if they are off. */
  readonly functions: FunctionsDesk | null;
  /** The legacy interface; null if it is off. */
  legacy(): Backendjs | null;
  /** What `/health` tells of what these depend on. */
  states(): Readonly<Record<string, ServiceState>>;
  /** Where runtime metrics are read from. */
  useRegistry(read: ReadRegistry): void;
  /** Takes no more jobs, and answers the requests that wait for something to happen. Resolves when both are done. */
  drain(): Promise<void>;
  /** Puts settings in force. Rejects with `invalid-data`, changing nothing, if they cannot be used. */
  reload(config: ServerConfig): Promise<void>;
  /** Lets the jobs under way end, then lets go of everything but the databases. */
  close(): Promise<void>;
}

/** Opens what the role and the settings of the node ask for; what was opened is closed again if something cannot be. */
export function openServices(options: ServicesOptions): Promise<Services> {
  return openTogether((opened) => openParts(options, opened));
}

async function openParts(options: ServicesOptions, opened: Opened): Promise<Services> {
  const { config, databases, logger } = options;
  for (const what of unsharedParts(config)) logger.warn({}, what);
  let readRegistry: ReadRegistry = async () => [];
  const serves = config.role !== 'proxy';
  const served = databases.served[0]!;
  const media = serves ? opened.add(await openMedia(options)) : null;
  const jobs = serves ? opened.add(await openJobs({ ...options, served })) : null;
  const legacyOptions = { ...options, served, media: media?.of(served.main) ?? null, jobs: jobs?.jobs ?? null };
  const legacy =
    serves && config.backendjs
      ? opened.add(await openLegacy({ ...legacyOptions, readRegistry: () => readRegistry() }))
      : null;
  return {
    media: (database) => media?.of(database) ?? null,
    jobs: jobs?.jobs ?? null,
    functions: jobs?.functions ?? null,
    legacy: () => legacy?.edge ?? null,
    states: () => Object.assign({}, media?.states(), jobs?.states(), legacy?.states()),
    useRegistry: (read) => {
      readRegistry = read;
    },
    drain: async () => {
      await Promise.all([jobs?.drain(), legacy?.edge.close()]);
    },
    reload: async (changed) => {
      await legacy?.reload(changed);
      media?.reload(changed);
    },
    close: opened.close,
  };
}
