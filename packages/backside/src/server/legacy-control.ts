import { hostname } from 'node:os';
import type { Ipc, Reloadable, ServerControl } from '@backside/backendjs';
import type { Logger } from '@backside/protocol';
import { formatValue } from '../config/help.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { optionNames } from '../config/setting.js';
import type { Steering } from './services.js';

export interface LegacyControlOptions {
  readonly steer: Steering;
  readonly ipc: Ipc;
  /** Names the node. */
  readonly node: string;
  /** The settings in force now. */
  readonly config: () => ServerConfig;
}

/** Steers the node from its legacy interface, and tells the other nodes what to read again. */
export function createLegacyControl({ steer, ipc, node, config }: LegacyControlOptions): ServerControl {
  return {
    restart: () => steer.restart(),
    reload: async (what: Reloadable) => {
      const changed = what === 'config' ? await steer.reload() : [];
      ipc.broadcast(what === 'config' ? ':server' : ':worker', { __op: `${what}:init`, from: hostname(), node });
      return changed;
    },
    parameters: (all) => parametersOf(config(), all),
  };
}

export interface HearReloadsOptions extends Omit<LegacyControlOptions, 'config'> {
  readonly logger: Logger;
}

/** Reads the settings again when another node is told to. Those of its own node have been read by then. */
export function hearReloads({ steer, ipc, node, logger }: HearReloadsOptions): void {
  ipc.on('config:init', (message) => {
    if (message.node === node) return;
    steer.reload().catch((error: unknown) => logger.warn({ err: error }, 'the settings are not read again'));
  });
}

function parametersOf(config: ServerConfig, all: boolean): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of optionNames(SERVER_OPTIONS)) {
    const option = SERVER_OPTIONS[name];
    const value = config[name];
    if (!all && JSON.stringify(value) === JSON.stringify(option.default)) continue;
    shown[name] = formatValue(option, value);
  }
  return shown;
}
