/** What can be read again without a restart. */
const RELOADABLE = ['config', 'cache', 'queue', 'msg', 'columns', 'dns'] as const;

export type Reloadable = (typeof RELOADABLE)[number];

export function isReloadable(name: string): name is Reloadable {
  return (RELOADABLE as readonly string[]).includes(name);
}

/** The server around this edge, as far as an admin may steer it. */
export interface ServerControl {
  /**
   * Begins to replace the workers one after the other, each once its successor serves, so that no request is refused; resolves once it
   * has begun. Rejects with `invalid-data` if this process serves alone: then nothing can take over meanwhile.
   */
  restart(): Promise<void>;
  /**
   * Reads something again on this node, in every process, and tells the other nodes to do so. For `config`: puts the settings in force
   * that have changed. Resolves with the names of what has changed. Rejects with `invalid-data`, changing nothing, if a setting has changed
   * that needs a restart, or cannot be used.
   */
  reload(what: Reloadable): Promise<readonly string[]>;
  /** The settings in force by name, as text; what is secret is masked. `all` includes those that are at their defaults. */
  parameters(all: boolean): Readonly<Record<string, string>>;
}
