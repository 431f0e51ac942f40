import type { RequestListener } from 'node:http';
import type { Database, DenialTrace } from '@backside/api';
import type { PrivateTree, Quotas } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import { createRest, type TreeLimits } from '@backside/rest';
import { type CoverageReport, mergeCoverage } from '@backside/security';
import { proxyLimitsOf } from '../config/limit-options.js';
import type { ServerConfig } from '../config/server-options.js';
import type { Databases } from './databases.js';
import { type LiveCoverage, watchCoverage } from './live-coverage.js';
import { allowedOriginsOf, publicUrlOf } from './public-url.js';
import type { ServedDatabase } from './served-database.js';
import type { Services } from './services.js';
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
  readonly services: Services;
  readonly siblings: Siblings;
  readonly quotas: Quotas;
}): RestHandlers {
  const { config, logger, databases, services, siblings, quotas } = options;
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
    tree: treeLimitsOf(config),
    quotas,
    settings: (database: Database): PrivateTree => byMain.get(database)!.privatePart(['settings']),
    media: (database: Database) => services.media(database),
    jobs: (database: Database) => (database === databases.all[0] ? services.jobs : null),
    functions: (database: Database) => (database === databases.all[0] ? services.functions : null),
    docs: config.docs === 'auto' ? config.mode === 'development' : config.docs === 'on',
    logger,
    now: Date.now,
  };
  const open = createRest(rest);
  const operator = createRest({ ...rest, operator: true });
  return {
    open,
    operator,
    stop: () => {
      open.close();
      operator.close();
      for (const coverage of coverages.values()) coverage.stop();
    },
  };
}

/** Event streams are bounded as connections of the proxy are. */
function treeLimitsOf(config: ServerConfig): Partial<TreeLimits> {
  const { connections, connectionsPerAddress, softQueueBytes, stallTimeoutMs } = proxyLimitsOf(config);
  return {
    maxBodyBytes: config.maxWriteBytes,
    maxTaggedBytes: config.maxWriteBytes,
    maxStreams: connections,
    maxStreamsPerAddress: connectionsPerAddress,
    softQueueBytes,
    stallTimeoutMs,
  };
}
