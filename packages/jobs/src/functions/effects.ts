import { createHash } from 'node:crypto';
import type { Database, WriteStep } from '@backside/api';
import { ADMIN, authorOf, BacksideError, type Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { formatPath, type Json, nodeToJson, parsePath } from '@backside/tree';
import type { FunctionEvent, FunctionWriteResult, FunctionWriteStep } from './define.js';
import type { Request } from './messages.js';
import { DEPTH_HEADER } from './write-event.js';

/** Functions that lead to one another: a write of the last one would be one too many, for it is taken for a loop. */
const MAX_DEPTH = 16;

/** Begins the idempotency keys of functions' writes. */
const KEY_PREFIX = 'function/';
const MAX_KEY_LENGTH = 64;

/** A function that led to itself was refused its write. No further try can do better. */
export class FunctionLoopError extends BacksideError {
  constructor() {
    super('limit-exceeded', `${MAX_DEPTH} functions have led to one another: taken for a loop`);
    this.name = 'FunctionLoopError';
  }
}

export interface EffectsOptions {
  readonly database: Database;
  readonly journal: Journal;
  readonly logger: Logger;
}

/**
 * Makes what functions ask for. A write is named by its event and its place among the event's writes, so that it is made once whatever is
 * tried again: the database answers a name that it knows with the first result, and the journal is read for those that it forgot.
 */
export class Effects {
  readonly #options: EffectsOptions;
  /** Of events that are not finished, by event and key: what was made since this node runs functions. */
  readonly #made = new Map<string, Map<string, FunctionWriteResult>>();
  /** What the journal told of, by idempotency key. */
  readonly #recalled = new Map<string, FunctionWriteResult>();
  /** What was written up to here was recalled. */
  #recalledTo = 0;

  constructor(options: EffectsOptions) {
    this.#options = options;
  }

  /** Finds what was written since `revision`, maybe by another node or process, for events that are not finished yet. */
  async recall(revision: number): Promise<void> {
    const { database, journal, logger } = this.#options;
    await database.refresh();
    this.#recalledTo = database.revision;
    if (revision >= this.#recalledTo) return;
    const after = Math.max(revision, (await journal.first()) - 1);
    if (after > revision)
      logger.warn({ revision, after }, 'what functions wrote before this revision can only be told from recent keys');
    const prefix = `${authorOf(ADMIN)}/${KEY_PREFIX}`;
    for await (const commits of journal.commits(after)) {
      for (const { idempotencyKey: key, revision, changes } of commits) {
        if (key?.startsWith(prefix))
          this.#recalled.set(key.slice(key.indexOf('/') + 1), {
            revision,
            pushed: changes.map(({ path }) => formatPath(path)).filter((path) => PUSH_ID.test(path)),
          });
      }
    }
  }

  /** Rejects with a `BacksideError`, or with a `TreeError` for a path. */
  async answer(event: FunctionEvent, request: Request): Promise<Json | FunctionWriteResult> {
    if (request.method === 'write') return this.#write(event, request);
    const path = parsePath(request.path);
    return nodeToJson(this.#options.database.read(ADMIN, path).node, 'val');
  }

  async #write(event: FunctionEvent, { steps, key }: Request & { method: 'write' }): Promise<FunctionWriteResult> {
    if (key.length > MAX_KEY_LENGTH + 1) throw new BacksideError('invalid-data', 'the key of a write is too long');
    const made = this.#made.get(event.id)?.get(key);
    if (made !== undefined) return made;
    const depth = 'depth' in event ? event.depth : 0;
    if (depth >= MAX_DEPTH) throw new FunctionLoopError();
    const idempotencyKey = keyOf(event.id, key);
    const result = this.#recalled.get(idempotencyKey) ?? (await this.#commitOnce(steps, { idempotencyKey, depth }));
    this.#remember(event.id, key, result);
    return result;
  }

  /** A try that does not write what an earlier one did, which never heard what came of it, is answered with what did. */
  async #commitOnce(steps: readonly FunctionWriteStep[], how: HowToCommit): Promise<FunctionWriteResult> {
    try {
      return await this.#commit(steps, how);
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'idempotency-conflict')) throw error;
      await this.recall(this.#recalledTo);
      const made = this.#recalled.get(how.idempotencyKey);
      if (made === undefined) throw error;
      return made;
    }
  }

  async #commit(
    steps: readonly FunctionWriteStep[],
    { idempotencyKey, depth }: HowToCommit,
  ): Promise<FunctionWriteResult> {
    const { revision, pushed } = await this.#options.database.write({
      principal: ADMIN,
      steps: steps.map(parseStep),
      idempotencyKey,
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
    for (const key of this.#made.get(eventId)?.keys() ?? []) this.#recalled.delete(keyOf(eventId, key));
    this.#made.delete(eventId);
  }
}

interface HowToCommit {
  readonly idempotencyKey: string;
  /** Of the event that causes the write. */
  readonly depth: number;
}

/** A path that ends in what `push` makes. */
const PUSH_ID = /\/-[-0-9A-Z_a-z]{19}$/;

function keyOf(eventId: string, key: string): string {
  return KEY_PREFIX + createHash('sha256').update(`${eventId}\n${key}`).digest('base64url');
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
