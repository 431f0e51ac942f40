import type { AccountsSource, FunctionsDesk, Jobs } from '@backside/jobs';
import type { Logger } from '@backside/protocol';
import type { ServiceState } from '@backside/proxy';
import type { ServerConfig } from '../config/server-options.js';
import { JOBS_ROOT, openQueue } from './open-queue.js';
import { type Opened, openTogether } from './opened.js';
import type { ServedDatabase } from './served-database.js';
import { ServiceProbe } from './service-probe.js';
import { sleep } from './sleep.js';

/** The part of the private database that is for functions alone. */
const FUNCTIONS_ROOT = ['functions'] as const;
/** The part of the drain time that jobs under way may use up; clients leave meanwhile. */
const JOB_SHARE = 0.6;

export interface OpenJobsOptions {
  readonly config: ServerConfig;
  /** The database whose nodes tell of the jobs. */
  readonly served: ServedDatabase;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Whether this process runs jobs, the crontab and functions; others submit only. */
  readonly leads: boolean;
}

export interface OpenedJobs {
  readonly jobs: Jobs;
  /** Null if the settings name no functions. */
  readonly functions: FunctionsDesk | null;
  states(): Readonly<Record<'queue', ServiceState>>;
  /** Takes no more jobs; see `close`. */
  drain(): Promise<void>;
  /** Lets jobs under way end, as far as the drain time goes; the rest goes back to the queue. */
  close(): Promise<void>;
}

/** Opens the queue and all that submits to it or takes from it. */
export function openJobs(options: OpenJobsOptions): Promise<OpenedJobs> {
  return openTogether((opened) => openParts(options, opened));
}

async function openParts(options: OpenJobsOptions, opened: Opened): Promise<OpenedJobs> {
  const { config, served, logger, leads } = options;
  const { createFunctionsDesk, createJobs } = await import('@backside/jobs');
  const queue = opened.add(await openQueue({ config, served, logger }));
  const jobs = createJobs({
    queue,
    database: served.main,
    tree: served.privatePart(JOBS_ROOT),
    ...(config.jobs !== null && { directory: config.jobs }),
    workers: leads && config.jobs !== null ? config.jobWorkers : 0,
    queues: config.jobQueues,
    logger,
    now: Date.now,
    random: Math.random,
  });
  const drain = (): Promise<void> => jobs.drain(JOB_SHARE * config.drainTimeout);
  opened.onClose(async () => {
    await drain();
    await jobs.close();
  });
  if (leads) await openTriggers(options, { jobs, opened });
  const probe = new ServiceProbe(config.queue, () => queue.counts(config.jobQueues[0]!));
  opened.onClose(async () => probe.stop());
  const functions = config.functions === null ? null : createFunctionsDesk(served.privatePart(FUNCTIONS_ROOT));
  return { jobs, functions, drain, states: () => ({ queue: probe.state }), close: opened.close };
}

async function openTriggers(
  { config, served, nodeId, logger }: OpenJobsOptions,
  { jobs, opened }: { jobs: Jobs; opened: Opened },
): Promise<void> {
  if (config.crontab.length > 0) {
    const { createCron } = await import('@backside/jobs');
    const tree = served.privatePart(JOBS_ROOT);
    opened.add(await createCron({ files: config.crontab, jobs, tree, now: Date.now, logger }));
  }
  if (config.functions !== null) {
    const { createFunctions } = await import('@backside/jobs');
    opened.add(
      await createFunctions({
        directory: config.functions,
        database: served.main,
        journal: served.journal,
        reader: served.reader,
        tree: served.privatePart(FUNCTIONS_ROOT),
        accounts: accountsOf(served),
        nodeId,
        now: Date.now,
        sleep,
        logger,
      }),
    );
  }
}

/** Where functions find who has signed up. */
function accountsOf({ hidden, hiddenJournal }: ServedDatabase): AccountsSource {
  return { journal: hiddenJournal, revision: () => hidden.revision, path: ['auth', 'accounts'] };
}
