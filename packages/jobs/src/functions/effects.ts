import type { Database, WriteStep } from '@backside/api';
import { ADMIN, BacksideError } from '@backside/protocol';
import { formatPath, type Json, nodeToJson, parsePath } from '@backside/tree';
import type { FunctionEvent, FunctionWriteResult, FunctionWriteStep } from './define.js';
import type { Request } from './messages.js';
import { RecalledWrites, type RecalledWritesOptions } from './recalled-writes.js';
import { DEPTH_HEADER } from './write-event.js';
import { eventNameOf, formatWriteName, type WriteName, writeNameOf } from './write-name.js';

/** Functions that lead to one another: a write of the last one would be one too many, for it is taken for a loop. */
const MAX_DEPTH = 16;

const MAX_KEY_LENGTH = 64;

/** A function that led to itself was refused its write. No further try can do better. */
export class FunctionLoopError extends BacksideError {
  constructor() {
    super('limit-exceeded', `${MAX_DEPTH} functions have led to one another: taken for a loop`);
    this.name = 'FunctionLoopError';
  }
}

/**
 * Makes what functions ask for. A write is named by its event and its place among the event's writes, so that it is made once whatever is
 * tried again: the database answers a name that it knows with the first result, and the journal is read for those that it forgot.
 */
export class Effects {
  readonly #database: Database;
  /** Of events that are not finished, by event and key: what was made since this node runs functions. */
  readonly #made = new Map<string, Map<string, FunctionWriteResult>>();
  readonly #recalled: RecalledWrites;
  /** What was written up to here was recalled, for every event that was not finished. */
  #recalledTo = 0;

  constructor(options: RecalledWritesOptions) {
    this.#database = options.database;
    this.#recalled = new RecalledWrites(options);
  }

  /** Finds what was written since `revision`, maybe by another node or process, for events that are not finished yet. */
  async recall(revision: number): Promise<void> {
    this.#recalledTo = await this.#recalled.recall(revision);
  }

  /** Finds what was written since `revision` for events that were given up and are to run again. */
  async recallOf(eventIds: readonly string[], revision: number): Promise<void> {
    await this.#recalled.recall(revision, new Set(eventIds.map(eventNameOf)));
  }

  /** Rejects with a `BacksideError`, or with a `TreeError` for a path. */
  async answer(event: FunctionEvent, request: Request): Promise<Json | FunctionWriteResult> {
    if (request.method === 'write') return this.#write(event, request);
    const path = parsePath(request.path);
    return nodeToJson(this.#database.read(ADMIN, path).node, 'val');
  }

  async #write(event: FunctionEvent, { steps, key }: Request & { method: 'write' }): Promise<FunctionWriteResult> {
    if (key.length > MAX_KEY_LENGTH + 1) throw new BacksideError('invalid-data', 'the key of a write is too long');
    const made = this.#made.get(event.id)?.get(key);
    if (made !== undefined) return made;
    const depth = 'depth' in event ? event.depth : 0;
    if (depth >= MAX_DEPTH) throw new FunctionLoopError();
    const name = writeNameOf(event.id, key);
    const result = this.#recalled.find(name) ?? (await this.#commitOnce(steps, { event, name, depth }));
    this.#remember(event.id, key, result);
    return result;
  }

  /** A try that does not write what an earlier one did, which never heard what came of it, is answered with what did. */
  async #commitOnce(steps: readonly FunctionWriteStep[], how: HowToCommit): Promise<FunctionWriteResult> {
    try {
      return await this.#commit(steps, how);
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'idempotency-conflict')) throw error;
      await this.#recalled.recall(this.#sinceWhen(how.event), new Set([how.name.event]));
      const made = this.#recalled.find(how.name);
      if (made === undefined) throw error;
      return made;
    }
  }

  /** Since which revision there may be writes of an event that were not recalled. */
  #sinceWhen(event: FunctionEvent): number {
    return 'revision' in event ? Math.max(this.#recalledTo, event.revision) : this.#recalledTo;
  }

  async #commit(steps: readonly FunctionWriteStep[], { name, depth }: HowToCommit): Promise<FunctionWriteResult> {
    const { revision, pushed } = await this.#database.write({
      principal: ADMIN,
      steps: steps.map(parseStep),
      idempotencyKey: formatWriteName(name),
      headers: [[DEPTH_HEADER, String(depth + 1)]],
    });
    return { revision, pushed: pushed.map(formatPath) };
  }

  #remember(eventId: string, key: string, result: FunctionWriteResult): void {
    const made = this.#made.get(eventId) ?? new Map<string, FunctionWriteResult>();
    this.#made.set(eventId, made.set(key, result));
  }

  /** The event is finished: nothing of it is tried again. */
  forget(eventId: string): void {
    this.#recalled.forget(eventNameOf(eventId));
    this.#made.delete(eventId);
  }
}

interface HowToCommit {
  readonly event: FunctionEvent;
  readonly name: WriteName;
  /** Of the event. */
  readonly depth: number;
}

/** What comes from a thread may be anything. Throws `invalid-data`; `invalid-path` for a path. */
function parseStep(step: FunctionWriteStep): WriteStep {
  const { method, path } = step;
  if (typeof path !== 'string') throw new BacksideError('invalid-path', 'a step names its path as text');
  if (method === 'remove') return { method, path: parsePath(path) };
  if (method === 'set' || method === 'update' || method === 'push')
    return { method, path: parsePath(path), value: step.value };
  throw new BacksideError('invalid-data', 'a step is one of set, update, push, remove');
}
