import type { RequestListener } from 'node:http';
import type { Database, DenialTrace } from '@backside/api';
import type { Logger } from '@backside/protocol';
import { createRest } from '@backside/rest';
import { type CoverageReport, mergeCoverage } from '@backside/security';
import type { ServerConfig } from '../config/server-options.js';
import type { Databases } from './databases.js';
import { type LiveCoverage, watchCoverage } from './live-coverage.js';
import { allowedOriginsOf, publicUrlOf } from './public-url.js';
import type { ServedDatabase } from './served-database.js';
import type { Siblings } from './siblings.js';

const TRACE = 'trace';
const COVERAGE = 'coverage';

export interface RestHandlers {
  /** For the network. */
  readonly open: RequestListener;
  /** For the operator of this machine: whoever reaches it is an admin. */
  readonly operator: RequestListener;
  stop(): void;
}

/** The HTTP interfaces over the open databases. What only one process knows is asked of all. */
export function createRestHandlers(options: {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly databases: Databases;
  readonly siblings: Siblings;
}): RestHandlers {
  const { config, logger, databases, siblings } = options;
  const byMain = new Map<Database, ServedDatabase>(databases.served.map((served) => [served.main, served]));
  const coverages = new Map<string, LiveCoverage>(
    databases.served.map(({ name, rules }) => [name, watchCoverage(rules)]),
  );
  siblings.answer({
    [TRACE]: (id) => databases.traces.find(String(id)),
    [COVERAGE]: (name) => coverages.get(String(name))?.report() ?? null,
  });
  const rest = {
    databases: databases.all,
    auth: (database: Database) => byMain.get(database)!.auth,
    rules: (database: Database) => byMain.get(database)!.rules,
    findTrace: async (id: string) => {
      const found = (await siblings.ask(TRACE, id)) as readonly (DenialTrace | null)[];
      return found.find((trace) => trace !== null) ?? null;
    },
    coverage: async ({ name }: Database) => {
      const reports = (await siblings.ask(COVERAGE, name)) as readonly (CoverageReport | null)[];
      return reports.reduce<CoverageReport>((all, one) => (one === null ? all : mergeCoverage(all, one)), {
        rules: [],
      });
    },
    development: config.mode === 'development',
    publicUrl: publicUrlOf(config) ?? new URL('http://localhost'),
    trustedProxies: config.trustedProxies,
    allowedOrigins: allowedOriginsOf(config),
    allowedRedirects: config.redirectUrls,
    logger,
    now: Date.now,
  };
  return {
    open: createRest(rest),
    operator: createRest({ ...rest, operator: true }),
    stop: () => {
      for (const coverage of coverages.values()) coverage.stop();
    },
  };
}
