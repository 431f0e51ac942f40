import { dirname, resolve } from 'node:path';
import { watch } from 'chokidar';
import type { CronEntry } from './cron-entry.js';
import { readCrontab } from './crontab-file.js';
import { Schedule, type ScheduleOptions } from './schedule.js';

const DEFAULT_RELOAD_MS = 5_000;
/** The clock may be set meanwhile: no wait is longer. */
const MAX_WAIT_MS = 1_000;

export interface CronOptions extends ScheduleOptions {
  /** Crontabs: all that exist are in force together; of one that does not, a warning tells. */
  readonly files: readonly string[];
  /** How long after its last change a file is read again, in milliseconds. Default 5 seconds. */
  readonly reloadMs?: number;
}

export interface Cron {
  /** The entries in force, of all files. */
  entries(): readonly CronEntry[];
  /** Reads the files again, now. A file that is wrong keeps what it had in force; that is logged. */
  reload(): Promise<void>;
  /** Fires no more; resolves once what is under way is submitted. */
  close(): Promise<void>;
}

/**
 * Submits jobs at the times that crontab files say, and follows the files. Exactly one job per tick and line, over all nodes and
 * processes that have the same line. Ticks that nobody was there for (all were down, or the clock was set forward over them) are made up
 * for by firing the last of them once, unless the line says `"missed": "skip"`; a clock that is set back repeats none.
 */
export async function createCron(options: CronOptions): Promise<Cron> {
  const cron = new FileCron(options);
  await cron.open();
  return cron;
}

class FileCron implements Cron {
  readonly #options: CronOptions;
  readonly #schedule: Schedule;
  readonly #files = new Map<string, { hash: string | null; entries: readonly CronEntry[] }>();
  #watcher: ReturnType<typeof watch> | null = null;
  #reloading: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<void> = Promise.resolve();
  /** Whether the schedule is what the files say. */
  #isInForce = false;
  #closed = false;

  constructor(options: CronOptions) {
    this.#options = options;
    this.#schedule = new Schedule(options);
  }

  async open(): Promise<void> {
    await this.reload();
    const { files, logger, reloadMs = DEFAULT_RELOAD_MS } = this.#options;
    // Of a file that is yet to be made only its folder tells.
    const watched = new Set(files.map((file) => resolve(file)));
    this.#watcher = watch([...new Set([...watched].map(dirname))], { ignoreInitial: true, depth: 0 });
    this.#watcher.on('all', (_event, file) => {
      if (watched.has(resolve(file))) this.#reloadLater(reloadMs);
    });
    this.#watcher.on('error', (error) => logger.warn({ err: error }, 'changes of the crontab may go unnoticed'));
    await new Promise<void>((ready) => this.#watcher?.once('ready', ready));
    this.#plan(0);
  }

  entries(): readonly CronEntry[] {
    return [...this.#files.values()].flatMap(({ entries }) => entries);
  }

  reload(): Promise<void> {
    return this.#after(() => this.#readFiles());
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#reloading);
    await this.#watcher?.close();
    await this.#underWay;
  }

  /** One thing after another: entries never change while ticks are submitted. */
  #after(work: () => Promise<void>): Promise<void> {
    const done = this.#underWay.then(work);
    this.#underWay = done.catch(() => {});
    return done;
  }

  async #readFiles(): Promise<void> {
    const { files, logger } = this.#options;
    for (const file of files) {
      const { hash, entries } = await readCrontab(file);
      if (this.#files.get(file)?.hash === hash) continue;
      if (hash === null) logger.warn({ file }, 'a crontab does not exist; it is read once it does');
      try {
        this.#files.set(file, { hash, entries: entries() });
        this.#isInForce = false;
      } catch (error) {
        logger.error({ err: error, file }, 'a crontab is not valid; what it had in force stays');
      }
    }
    if (this.#isInForce) return;
    await this.#schedule.replace(distinct(this.entries()));
    this.#isInForce = true;
    logger.info({ entries: this.entries().length }, 'the crontab is in force');
  }

  #reloadLater(afterMs: number): void {
    clearTimeout(this.#reloading);
    this.#reloading = setTimeout(() => {
      this.reload().catch((error: unknown) => {
        this.#options.logger.error({ err: error }, 'the crontab could not be read; it is tried again');
        if (!this.#closed) this.#reloadLater(afterMs);
      });
    }, afterMs).unref();
  }

  async #fire(): Promise<void> {
    const all = await this.#schedule.fire();
    const wait = (this.#schedule.next ?? Number.POSITIVE_INFINITY) - this.#options.now();
    this.#plan(all ? Math.min(Math.max(wait, 0), MAX_WAIT_MS) : MAX_WAIT_MS);
  }

  #plan(waitMs: number): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.#after(() => this.#fire()), waitMs).unref();
  }
}

/** A line that stands in several files is one schedule. */
function distinct(entries: readonly CronEntry[]): CronEntry[] {
  return [...new Map(entries.map((entry) => [entry.key, entry])).values()];
}
