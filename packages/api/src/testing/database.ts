import { createMemoryNotifier } from '@backside/notifier';
import { ADMIN, type BacksideError, type Commit, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { type Append, createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { type Format, type Json, parsePath, parseQuery } from '@backside/tree';
import { openAuthorizer } from '../authorizer.js';
import type { Database } from '../database.js';
import type { DatabaseOptions } from '../database-options.js';
import type { Encoder, Subscription, ViewEvent } from '../listener.js';
import { createDatabase } from '../open-database.js';
import type { WriteStep } from '../operation.js';

/** A database in memory with open rules; a test names what it wants otherwise. */
export async function openDatabase(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  return createDatabase({
    name: 'test',
    journal: createMemoryJournal({ keepCommits: 1_000_000 }),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: () => 1_700_000_000_000,
    random: () => 0.5,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    nodeId: 'node-a',
    ...options,
  });
}

/** A memory journal that several databases append to, and whose answers take a turn, as those of a shared one do. */
export function sharedJournal(keepCommits = 1_000_000): Journal {
  const journal = createMemoryJournal({ keepCommits });
  const append = journal.append.bind(journal);
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return Object.defineProperties(journal, {
    supports: { value: { durability: 'none', sharedBetweenNodes: true } },
    append: {
      value: (base: number, commits: readonly Commit[]): Append => {
        const { accepted, durable } = append(base, commits);
        return { accepted: turn().then(() => accepted), durable: turn().then(() => durable) };
      },
    },
  });
}

export function set(path: string, value: unknown): WriteStep {
  return { method: 'set', path: parsePath(path), value };
}

export function update(path: string, value: unknown): WriteStep {
  return { method: 'update', path: parsePath(path), value };
}

export async function write(database: Database, ...steps: WriteStep[]): Promise<number> {
  return (await database.write({ principal: ADMIN, steps })).revision;
}

export function valueAt(database: Database, path: string): Json {
  return JSON.parse(
    new TextDecoder().decode(Buffer.concat([...database.streamJson(ADMIN, parsePath(path), 'val').chunks])),
  );
}

/** What a listener got: `put /a/b 1` or `patch /a {"x":1}`, and the events themselves. */
export class Recorder {
  readonly events: ViewEvent[] = [];
  readonly lines: string[] = [];
  cancelled: BacksideError | null = null;

  event(line: string, event: ViewEvent): void {
    this.lines.push(line);
    this.events.push(event);
  }
}

/** Counts how often it encodes. */
export class LineEncoder implements Encoder<string> {
  readonly format: Format;
  calls = 0;

  constructor(format: Format = 'val') {
    this.format = format;
  }

  encode(event: ViewEvent): string {
    this.calls += 1;
    return `${event.kind} /${event.path.join('/')} ${new TextDecoder().decode(event.body(this.format))}`;
  }
}

export interface ListenExtras {
  readonly query?: Json;
  readonly encoder?: Encoder<string>;
  readonly resume?: string;
  readonly confirm?: boolean;
  readonly once?: boolean;
  /** Default: admin. */
  readonly as?: Principal;
}

/** Listens and records what comes. */
export function listen(
  database: Database,
  path: string,
  extras: ListenExtras = {},
): { subscription: Subscription; heard: Recorder } {
  const heard = new Recorder();
  const subscription = database.listen(extras.as ?? ADMIN, {
    path: parsePath(path),
    encoder: extras.encoder ?? new LineEncoder(),
    listener: {
      event: (line, event) => heard.event(line, event),
      cancelled: (error) => {
        heard.cancelled = error;
      },
    },
    ...(extras.query !== undefined && { query: parseQuery(extras.query) }),
    ...(extras.resume !== undefined && { resume: extras.resume }),
    ...(extras.confirm !== undefined && { confirm: extras.confirm }),
    ...(extras.once !== undefined && { once: extras.once }),
  });
  return { subscription, heard };
}

/** Lets everything that is ready run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
