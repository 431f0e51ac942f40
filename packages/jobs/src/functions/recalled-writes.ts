import type { Database } from '@backside/api';
import { ADMIN, authorOf, type Commit, type Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { formatPath } from '@backside/tree';
import type { FunctionWriteResult } from './define.js';
import { parseWriteName, type WriteName } from './write-name.js';

export interface RecalledWritesOptions {
  readonly database: Database;
  readonly journal: Journal;
  readonly logger: Logger;
}

/** What the journal tells of the writes that functions made, kept until their events are finished. */
export class RecalledWrites {
  readonly #options: RecalledWritesOptions;
  readonly #byEvent = new Map<string, Map<string, FunctionWriteResult>>();

  constructor(options: RecalledWritesOptions) {
    this.#options = options;
  }

  /**
   * Finds what was written since `revision`, by whichever node or process: for all events, or only for those that `events` names as
   * `WriteName.event` does. Resolves with the revision up to which it looked.
   */
  async recall(revision: number, events?: ReadonlySet<string>): Promise<number> {
    const { database, journal, logger } = this.#options;
    await database.refresh();
    const upTo = database.revision;
    if (revision >= upTo) return upTo;
    const after = Math.max(revision, (await journal.first()) - 1);
    if (after > revision)
      logger.warn({ revision, after }, 'what functions wrote before this revision can only be told from recent keys');
    for await (const commits of journal.commits(after)) {
      for (const commit of commits) {
        const name = nameOf(commit);
        if (name !== null && (events?.has(name.event) ?? true)) this.#keep(name, resultOf(commit));
      }
    }
    return upTo;
  }

  find({ event, write }: WriteName): FunctionWriteResult | undefined {
    return this.#byEvent.get(event)?.get(write);
  }

  /** @param event as `WriteName.event` */
  forget(event: string): void {
    this.#byEvent.delete(event);
  }

  #keep({ event, write }: WriteName, result: FunctionWriteResult): void {
    const writes = this.#byEvent.get(event) ?? new Map<string, FunctionWriteResult>();
    this.#byEvent.set(event, writes.set(write, result));
  }
}

const SCOPE = `${authorOf(ADMIN)}/`;
/** A path that ends in what `push` makes. */
const PUSH_ID = /\/-[-0-9A-Z_a-z]{19}$/;

/** Null for a commit that no function made. */
function nameOf({ idempotencyKey: key }: Commit): WriteName | null {
  return key?.startsWith(SCOPE) ? parseWriteName(key.slice(SCOPE.length)) : null;
}

function resultOf({ revision, changes }: Commit): FunctionWriteResult {
  return { revision, pushed: changes.map(({ path }) => formatPath(path)).filter((path) => PUSH_ID.test(path)) };
}
