import type { Database } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { WRITE_SIZES, type WriteSize } from '../tree/write-size.js';

export interface SettingValues {
  /** How large a write over HTTP may be that does not say itself. `unlimited`: as large as the server lets any be. */
  readonly defaultWriteSizeLimit: WriteSize;
  /** Kept for Firebase's tools; nothing depends on it. */
  readonly strictTriggerValidation: boolean;
}

export type SettingName = keyof SettingValues;

const DEFAULTS: SettingValues = { defaultWriteSizeLimit: 'unlimited', strictTriggerValidation: true };

const ALLOWED: Readonly<Record<SettingName, readonly unknown[]>> = {
  defaultWriteSizeLimit: WRITE_SIZES,
  strictTriggerValidation: [true, false],
};

export const SETTING_NAMES: readonly SettingName[] = ['defaultWriteSizeLimit', 'strictTriggerValidation'];

/** The settings of a database. */
export type FindSettings = (database: Database) => DatabaseSettings;

/** What Firebase's tools can set of a database: durable, and the same on every node. */
export class DatabaseSettings {
  readonly #tree: PrivateTree | null;

  /** @param tree where they are kept; null if nothing can be set. */
  constructor(tree: PrivateTree | null) {
    this.#tree = tree;
  }

  /** What this node knows to be set; what another release may have set and this one does not know counts as not set. */
  get<Name extends SettingName>(name: Name): SettingValues[Name] {
    const value: unknown = this.#tree?.read([name]);
    return ALLOWED[name].includes(value) ? (value as SettingValues[Name]) : DEFAULTS[name];
  }

  /** Resolves when the value is durable and in force here. Rejects with `invalid-data` for one that the setting cannot have. */
  async put(name: SettingName, value: unknown): Promise<void> {
    if (this.#tree === null) throw new BacksideError('not-found', 'nothing can be set here');
    const allowed = ALLOWED[name];
    if (!allowed.includes(value)) throw new BacksideError('invalid-data', `${name} must be ${allowed.join(', ')}`);
    await this.#tree.update([{ path: [name], value: value as WriteSize | boolean }]);
  }
}

/** Finds the settings of each database in its part of the private tree. */
export function createFindSettings(treeOf: ((database: Database) => PrivateTree) | undefined): FindSettings {
  const known = new WeakMap<Database, DatabaseSettings>();
  return (database) => {
    let settings = known.get(database);
    if (settings === undefined) {
      settings = new DatabaseSettings(treeOf?.(database) ?? null);
      known.set(database, settings);
    }
    return settings;
  };
}
