import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Backendjs, Cache, Ipc, LegacyMetrics, ReadRegistry } from '@backside/backendjs';
import type { Jobs } from '@backside/jobs';
import type { Media } from '@backside/media';
import type { ServiceState } from '@backside/proxy';
import { createClientAddress } from '@backside/rest';
import type { ServerConfig } from '../config/server-options.js';
import { createLegacyControl, hearReloads } from './legacy-control.js';
import { warnOfOpenLegacyPaths } from './legacy-rights.js';
import { readLegacySettings } from './legacy-settings.js';
import { openCache } from './open-cache.js';
import { type Opened, openTogether } from './opened.js';
import { publicUrlOf } from './public-url.js';
import type { ServedDatabase } from './served-database.js';
import type { ServicesOptions } from './services.js';

/** The part of the private database that holds the credentials of the legacy interface. */
const LEGACY_ROOT = ['legacy'] as const;
const APP_NAME = 'bkjs';
const KEY_BYTES = 32;

export interface OpenLegacyOptions extends ServicesOptions {
  readonly served: ServedDatabase;
  readonly media: Media | null;
  readonly jobs: Jobs | null;
  readonly readRegistry: ReadRegistry;
}

export interface OpenedLegacy {
  readonly edge: Backendjs;
  states(): Readonly<Record<'cache', ServiceState>>;
  /** Puts the settings of its file in force. Rejects with `ConfigError`, changing nothing. */
  reload(config: ServerConfig): Promise<void>;
  close(): Promise<void>;
}

/** Opens the legacy interface over a database. Rejects with `ConfigError` for settings that cannot be used. */
export function openLegacy(options: OpenLegacyOptions): Promise<OpenedLegacy> {
  return openTogether((opened) => openParts(options, opened));
}

async function openParts(options: OpenLegacyOptions, opened: Opened): Promise<OpenedLegacy> {
  const { served, media, jobs, notifier, nodeId, logger } = options;
  let { config } = options;
  const { createBackendjs } = await import('@backside/backendjs');
  const settings = await readLegacySettings(config);
  const cache = opened.add(await openCache(config, logger));
  const ipc = opened.add(await openNodeIpc(options));
  const edge = createBackendjs({
    database: served.main,
    auth: served.auth,
    credentials: served.privatePart(LEGACY_ROOT),
    secretKey: await secretKeyOf(config),
    media,
    jobs,
    notifier,
    cache,
    settings,
    logger,
    now: Date.now,
    publicUrl: publicUrlOf(config) ?? new URL('http://localhost'),
    clientAddress: createClientAddress(config.trustedProxies),
    development: config.mode === 'development',
    nodeId,
    metrics: await metricsOf(options, cache),
    ipc,
    control: createLegacyControl({ steer: options.steer, ipc, node: options.node, config: () => config }),
  });
  opened.onClose(() => edge.close());
  if (config.mode === 'production') warnOfOpenLegacyPaths(served, logger);
  return {
    edge,
    states: () => ({ cache: { kind: config.cache, status: cache.up ? 'ok' : 'down' } }),
    reload: async (changed) => {
      edge.reconfigure(await readLegacySettings(changed));
      config = changed;
    },
    close: opened.close,
  };
}

/** The leading process of a node hears for it what other nodes ask to be read again. */
async function openNodeIpc({ notifier, nodeId, node, logger, leads, steer }: OpenLegacyOptions): Promise<Ipc> {
  const { openIpc } = await import('@backside/backendjs');
  const roles = leads ? ['web', 'worker', 'server', 'master'] : ['web', 'worker'];
  const ipc = await openIpc({ notifier, nodeId, appName: APP_NAME, roles, logger });
  if (leads) hearReloads({ steer, ipc, node, logger });
  return ipc;
}

async function metricsOf({ served, nodeId, readRegistry }: OpenLegacyOptions, cache: Cache): Promise<LegacyMetrics> {
  const { createLegacyMetrics } = await import('@backside/backendjs');
  return createLegacyMetrics({
    now: Date.now,
    readRegistry,
    nodeId,
    app: 'backside',
    pool: served.name,
    cacheStats: () => cache.stats(),
  });
}

/** As configured, else the one in the data folder, made at the first start; what forgets everything gets a new one each time. */
async function secretKeyOf({ backendjsKey, store, data }: ServerConfig): Promise<Uint8Array> {
  const { openSecretKey, parseSecretKey } = await import('@backside/backendjs');
  if (backendjsKey !== null) return parseSecretKey(backendjsKey);
  return store === 'memory' ? randomBytes(KEY_BYTES) : openSecretKey(join(data, 'legacy.key'));
}
