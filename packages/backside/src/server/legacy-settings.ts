import { readFile } from 'node:fs/promises';
import type { BackendjsSettings } from '@backside/backendjs';
import { WEBSOCKET_PATHS } from '@backside/proxy';
import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';

type LegacyConfig = Pick<ServerConfig, 'backendjs' | 'backendjsSettings' | 'backendjsKey'>;

/** The settings of the legacy interface as its file says. Rejects with `ConfigError`, naming the file and what is wrong in it. */
export async function readLegacySettings({
  backendjsSettings: file,
}: Pick<LegacyConfig, 'backendjsSettings'>): Promise<BackendjsSettings> {
  const { parseBackendjsSettings } = await import('@backside/backendjs');
  if (file === null) return parseBackendjsSettings({});
  try {
    const values: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof values !== 'object' || values === null || Array.isArray(values))
      throw new Error('it must hold one object');
    const settings = parseBackendjsSettings(values as Record<string, unknown>);
    if (WEBSOCKET_PATHS.includes(settings.wsPath))
      throw new Error(`ws-path: ${settings.wsPath} is where STOMP is spoken`);
    return settings;
  } catch (cause) {
    throw new ConfigError(`backendjsSettings: ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Rejects with `ConfigError` if the settings of the legacy interface, or its key, cannot be used. */
export async function assertLegacySettings(config: LegacyConfig): Promise<void> {
  if (!config.backendjs) return;
  await readLegacySettings(config);
  if (config.backendjsKey !== null) await assertSecretKey(config.backendjsKey);
}

async function assertSecretKey(key: string): Promise<void> {
  const { parseSecretKey } = await import('@backside/backendjs');
  try {
    parseSecretKey(key);
  } catch (cause) {
    throw new ConfigError(`backendjsKey: ${(cause as Error).message}`, { cause });
  }
}
