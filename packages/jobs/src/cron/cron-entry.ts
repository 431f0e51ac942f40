import { createHash } from 'node:crypto';
import type { Json } from '@backside/tree';
import { Cron as Pattern } from 'croner';
import type { JobRequest } from '../jobs.js';
import { namedJobs } from '../named-jobs.js';

/** A line of a crontab as people write it. */
export interface CrontabLine {
  /** Six fields: second minute hour day month weekday; or a nickname, `@hourly`. An empty line (`{}`) stands for none. */
  readonly cron?: string;
  /** `"module.function"`, or `{"module.function": data, …}` for several at once, or a list of these, one after the other. */
  readonly job?: Json;
  readonly disabled?: boolean;
  readonly queueName?: string;
  /** With any number above 0: not submitted while the last one still waits or runs. */
  readonly uniqueTtl?: number;
  /** An IANA name; default the time zone of the server. */
  readonly timezone?: string;
  /** What becomes of ticks that nobody was there for: the last of them fires late (`last`, the default), or none does (`skip`). */
  readonly missed?: 'last' | 'skip';
}

/** A schedule that is in force. */
export interface CronEntry {
  /** Equal on all nodes that have the same line, and through restarts. */
  readonly key: string;
  readonly line: CrontabLine;
  readonly requests: readonly JobRequest[];
  /** The first tick after a time, in milliseconds; null if there is none. */
  next(afterMs: number): number | null;
  /** The last tick at or before a time. */
  previous(atMs: number): number | null;
}

/** Fields that lines may have; others are refused, so that a slip of the pen does not go unseen. */
const FIELDS = new Set(['cron', 'job', 'disabled', 'queueName', 'uniqueTtl', 'timezone', 'missed']);

/** The entries that lines describe; those that are disabled or empty are left out. Throws if one is wrong, saying which and why. */
export function parseLines(lines: Json): CronEntry[] {
  if (!Array.isArray(lines)) throw new Error('a crontab is a list');
  const seen = new Map<string, number>();
  return lines.flatMap((line, index) => {
    try {
      const entry = parseLine(line);
      if (entry === null) return [];
      const nth = seen.get(entry.key) ?? 0;
      seen.set(entry.key, nth + 1);
      return [nth === 0 ? entry : { ...entry, key: `${entry.key}-${nth}` }];
    } catch (error) {
      throw new Error(`line ${index + 1} of the crontab: ${(error as Error).message}`, { cause: error });
    }
  });
}

function parseLine(json: Json): CronEntry | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new Error('an object is expected');
  for (const name of Object.keys(json)) if (!FIELDS.has(name)) throw new Error(`unknown field ${JSON.stringify(name)}`);
  const line = json as CrontabLine;
  if (line.disabled === true || (line.cron === undefined && line.job === undefined)) return null;
  if (typeof line.cron !== 'string' || line.job === undefined) throw new Error('"cron" and "job" are needed');
  if (line.missed !== undefined && line.missed !== 'last' && line.missed !== 'skip') {
    throw new Error('"missed" is "last" or "skip"');
  }
  // Throws for a time zone that there is not, which is else found out at the first tick only.
  new Intl.DateTimeFormat('en', { timeZone: line.timezone });
  const options = { paused: true, ...(line.timezone !== undefined && { timezone: line.timezone }) };
  const pattern = new Pattern(line.cron, { mode: line.cron.startsWith('@') ? 'auto' : '6-part', ...options });
  const key = keyOf(line);
  return {
    key,
    line,
    requests: requestsOf(line, key),
    next: (afterMs) => pattern.nextRun(new Date(afterMs))?.getTime() ?? null,
    previous: (atMs) => pattern.previousRuns(1, new Date(atMs + 1))[0]?.getTime() ?? null,
  };
}

/** What makes two lines the same schedule. */
function keyOf({ cron, job, timezone, queueName }: CrontabLine): string {
  const text = JSON.stringify([cron, job, timezone ?? null, queueName ?? null]);
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function requestsOf({ job, queueName, uniqueTtl = 0 }: CrontabLine, key: string): JobRequest[] {
  return namedJobs(job ?? null).map(({ name, data }, index) => ({
    name,
    data,
    ...(queueName !== undefined && { queue: queueName }),
    ...(uniqueTtl > 0 && { uniqueKey: `cron-${key}-${index}` }),
  }));
}
