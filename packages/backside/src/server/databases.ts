import { randomBytes } from 'node:crypto';
import { type Database, TraceLog } from '@backside/api';
import { applyRulesFile, watchRulesFile } from './rules-file.js';
import { type DatabasesOptions, openServedDatabase, type ServedDatabase } from './served-database.js';

/** The open databases of one process. */
export interface Databases {
  readonly served: readonly ServedDatabase[];
  /** Their trees. */
  readonly all: readonly Database[];
  /** The latest refusals of this process. */
  readonly traces: TraceLog;
  /** The database that a client's `host` names; the first one for names that no database has. */
  byHost(host: string | undefined): ServedDatabase;
  /** Answers the writes that wait, then closes everything. */
  close(): Promise<void>;
}

/** Opens every configured database and puts the configured rules in force; if one fails, those opened before are closed again. */
export async function openDatabases(options: DatabasesOptions): Promise<Databases> {
  const { config, logger, nodeId } = options;
  const traces = new TraceLog({ nodeId, now: Date.now, randomBytes });
  const served: ServedDatabase[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(served.map((database) => database.close()));
  };
  let unwatch = (): void => {};
  try {
    for (const name of config.databases) served.push(await openServedDatabase(name, traces, options));
    if (config.rules !== null) {
      const stores = served.map(({ rules }) => rules);
      await applyRulesFile(config.rules, stores);
      if (config.mode === 'development') unwatch = watchRulesFile(config.rules, stores, logger);
    }
    for (const { name, rules } of served) if (rules.version === null) announceNoRules(name, options);
  } catch (error) {
    await closeAll();
    throw error;
  }
  const byName = new Map(served.map((database) => [database.name, database]));
  return {
    served,
    all: served.map(({ main }) => main),
    traces,
    byHost: (host) => byName.get(host ?? '') ?? served[0]!,
    close: () => {
      unwatch();
      return closeAll();
    },
  };
}

function announceNoRules(database: string, { config, logger }: DatabasesOptions): void {
  if (config.mode === 'production') logger.warn({ database }, 'there are no rules: only admins may read and write');
}
