import { hostname } from 'node:os';
import type { Ipc, Reloadable, ServerControl } from '@backside/backendjs';
import { formatValue } from '../config/help.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { optionNames } from '../config/setting.js';
import type { Steering } from './services.js';

export interface LegacyControlOptions {
  readonly steer: Steering;
  readonly ipc: Ipc;
  /** The settings in force now. */
  readonly config: () => ServerConfig;
}

/** Steers the node from its legacy interface, and tells the other nodes what to read again. */
export function createLegacyControl({ steer, ipc, config }: LegacyControlOptions): ServerControl {
  return {
    restart: () => steer.restart(),
    reload: async (what: Reloadable) => {
      const changed = what === 'config' ? await steer.reload() : [];
      ipc.broadcast(what === 'config' ? ':server' : ':worker', { __op: `${what}:init`, from: hostname() });
      return changed;
    },
    parameters: (all) => parametersOf(config(), all),
  };
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
