import { BacksideError } from '@backside/protocol';
import { ConfigError } from '../config/config-error.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { optionNames } from '../config/setting.js';
import { type OptionName, takesForce } from '../config/taking-force.js';
import { assertLegacySettings } from './legacy-settings.js';

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
function changedOptions(before: ServerConfig, after: ServerConfig): readonly OptionName[] {
  return optionNames(SERVER_OPTIONS).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/** The names of what has changed. Throws `invalid-data` if anything has that cannot be put in force now. */
export function liveChanges(before: ServerConfig, after: ServerConfig): readonly OptionName[] {
  const changed = changedOptions(before, after);
  const refused = changed.filter((name) => takesForce(name) !== 'SIGHUP');
  if (refused.length === 0) return changed;
  const rolling = refused.every((name) => takesForce(name) !== 'restart') && before.workers > 1;
  const what = rolling
    ? 'need the workers to be restarted (SIGUSR2 or /system/restart)'
    : 'need the server to be restarted';
  throw new BacksideError('invalid-data', `nothing is changed: ${refused.join(', ')} ${what}`);
}

/** Throws `invalid-data` if anything has changed that new workers cannot take on. */
export function assertRollable(before: ServerConfig, after: ServerConfig): void {
  const refused = changedOptions(before, after).filter((name) => takesForce(name) === 'restart');
  if (refused.length === 0) return;
  throw new BacksideError(
    'invalid-data',
    `no worker is replaced: ${refused.join(', ')} need the server to be restarted`,
  );
}

/** The settings, but for these options, which are as in `from`. */
export function withOptions(config: ServerConfig, names: readonly OptionName[], from: ServerConfig): ServerConfig {
  return { ...config, ...Object.fromEntries(names.map((name) => [name, from[name]])) };
}
