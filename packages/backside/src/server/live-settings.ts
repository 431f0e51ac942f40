import { BacksideError } from '@backside/protocol';
import { ConfigError } from '../config/config-error.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { optionNames } from '../config/setting.js';
import { assertLegacySettings } from './legacy-settings.js';

type Name = keyof ServerConfig & string;

/** What is put in force while a server runs. The settings in the file of `backendjsSettings` are as well. */
const LIVE: ReadonlySet<Name> = new Set<Name>(['logLevel', 'backendjsSettings']);

/** What processes share, or the primary has opened itself: workers that are replaced cannot take these on. */
const FIXED: ReadonlySet<Name> = new Set<Name>([
  'databases',
  'workers',
  'host',
  'port',
  'tcpPort',
  'data',
  'indexes',
  'store',
  'storeUrl',
  'storeNamespace',
  'notifier',
  'notifierUrl',
  'notifierPrefix',
  'nodeId',
  'journalSegmentSize',
  'journalRetentionAge',
  'journalRetentionSize',
  'checkpointSize',
  'checkpointDelay',
  'journalPatience',
  'storePatience',
  'projector',
]);

/** The settings as they are written now. Rejects with `invalid-data`, saying where and why, if they cannot be used. */
export async function readAgain(reread: () => ServerConfig): Promise<ServerConfig> {
  try {
    const config = reread();
    await assertLegacySettings(config);
    return config;
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new BacksideError('invalid-data', `nothing is changed: ${cause.message}`, { cause });
  }
}

/** The names of the options that differ. */
function changedOptions(before: ServerConfig, after: ServerConfig): readonly Name[] {
  return optionNames(SERVER_OPTIONS).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** The names of what has changed. Throws `invalid-data` if anything has that cannot be put in force now. */
export function liveChanges(before: ServerConfig, after: ServerConfig): readonly Name[] {
  const changed = changedOptions(before, after);
  const refused = changed.filter((name) => !LIVE.has(name));
  if (refused.length === 0) return changed;
  const rolling = refused.every((name) => !FIXED.has(name)) && before.workers > 1;
  const what = rolling
    ? 'need the workers to be restarted (SIGUSR2 or /system/restart)'
    : 'need the server to be restarted';
  throw new BacksideError('invalid-data', `nothing is changed: ${refused.join(', ')} ${what}`);
}

/** Throws `invalid-data` if anything has changed that new workers cannot take on. */
export function assertRollable(before: ServerConfig, after: ServerConfig): void {
  const refused = changedOptions(before, after).filter((name) => FIXED.has(name));
  if (refused.length === 0) return;
  throw new BacksideError(
    'invalid-data',
    `no worker is replaced: ${refused.join(', ')} need the server to be restarted`,
  );
}
