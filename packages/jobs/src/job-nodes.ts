import type { Database, WriteStep } from '@backside/api';
import { ADMIN, BacksideError } from '@backside/protocol';
import {
  compareKeys,
  hashNode,
  isMap,
  type Json,
  type Node,
  nodeToJson,
  type Order,
  type Path,
  type Query,
} from '@backside/tree';
import type { JobState, JobStatus } from './jobs.js';
import type { NewJob } from './queue.js';

/** Nodes that a list looks at. */
const MAX_LISTED = 10_000;
/** Nodes that its first look reads at least; each further one reads so many times more, since without an index each passes over all nodes. */
const FIRST_PAGE = 100;
const GROWTH = 4;
const BY_SUBMISSION: Order = { by: 'child', path: ['submittedAt'] };
/** How often a run that begins is shown against others that change the node. */
const MAX_TRIES = 25;

/** A run of a job that shows itself at the job's node: nothing is written there, nor by it, once another run has begun. */
export interface ShownRun {
  readonly id: string;
  /** Unlike that of any other run. */
  readonly token: string;
}

/** Names a write of a job through all of its runs. */
export interface WritePlace {
  /** A key, for a part of the job that is counted apart; null for the job as a whole. */
  readonly part: string | null;
  /** Counted from 1. */
  readonly nth: number;
}

/** How a run ends, as its node shows it. */
export interface End {
  readonly state: JobState;
  readonly result?: Json;
  readonly error?: string;
}

/**
 * The nodes of jobs: `ROOT/ID` with `name queue tag state attempt submittedAt startedAt endedAt progress result error`, and, for the jobs
 * themselves, `run` (which run it is), `writes` (how many writes it has made) and `writes-PART` (how many a part of it has made).
 */
export class JobNodes {
  readonly #database: Database;
  readonly #root: Path;
  readonly #now: () => number;

  constructor(database: Database, root: Path, now: () => number) {
    this.#database = database;
    this.#root = root;
    this.#now = now;
  }

  get(id: string): JobStatus | null {
    return statusOf(id, this.#read([...this.#root, id]));
  }

  /** The `limit` newest of those that `wanted` chooses, among the 10,000 newest; of those submitted at the same time by id, highest first. */
  list(wanted: (status: JobStatus) => boolean, limit: number): JobStatus[] {
    const found: JobStatus[] = [];
    let before: JobStatus | undefined;
    let left = MAX_LISTED;
    for (let size = Math.max(limit, FIRST_PAGE); left > 0 && found.length < limit; size *= GROWTH) {
      const count = Math.min(size, left);
      const { node } = this.#database.read(ADMIN, this.#root, newestBefore(before, count));
      const entries = isMap(node) ? [...node.entries()] : [];
      const statuses = statusesOf(entries);
      found.push(...statuses.filter(wanted));
      before = statuses.at(-1);
      if (entries.length < count || before === undefined) break;
      left -= count;
    }
    return found.slice(0, limit);
  }

  /** Shows a job that was just submitted, unless its first run was faster. */
  async add(job: NewJob): Promise<void> {
    await this.#change(job.id, { ...this.#first(job), state: 'waiting', attempt: 0 }, [['', null]]);
  }

  /** Shows that a run begins. Null if the job has ended: it is not to be run again. */
  async begin(job: NewJob, attempt: number): Promise<ShownRun | null> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const node = Object(this.#read([...this.#root, job.id])) as Record<string, Json>;
      if (node.state === 'done' || node.state === 'cancelled') return null;
      const token = crypto.randomUUID();
      const fields = { state: 'running', attempt, run: token, startedAt: this.#now(), endedAt: null };
      const expected = ['state', 'run'].map((name) => [name, (node[name] as string | undefined) ?? null] as const);
      const all = node.state === undefined ? { ...this.#first(job), ...fields } : fields;
      if (await this.#change(job.id, all, expected)) return { id: job.id, token };
      await this.#database.refresh();
    }
    throw new BacksideError('unavailable', 'the node of the job keeps changing');
  }

  /** False if the run is not the present one any more, or was cancelled; here as below. */
  end(run: ShownRun, { state, result = null, error }: End): Promise<boolean> {
    const ended = state === 'waiting' ? null : this.#now();
    const fields = { state, result, endedAt: ended, ...(error !== undefined && { error }) };
    return this.#change(run.id, fields, present(run));
  }

  progress(run: ShownRun, value: Json): Promise<boolean> {
    return this.#change(run.id, { progress: value }, present(run));
  }

  /** Moves a job that nobody runs from one state to another. */
  move(id: string, from: JobState, to: JobState): Promise<boolean> {
    const fields = { state: to, endedAt: to === 'waiting' ? null : this.#now() };
    return this.#change(id, fields, [['state', from]]);
  }

  async remove(ids: readonly string[]): Promise<void> {
    const steps = ids.map((id) => ({ method: 'remove', path: [...this.#root, id] }) as const);
    if (steps.length > 0) await this.#database.write({ principal: ADMIN, steps });
  }

  /**
   * Makes a write of a job unless an earlier run has made it. Throws `unavailable` if the run is not the present one any more, or the
   * write before it is not made.
   */
  async write(run: ShownRun, { part, nth }: WritePlace, steps: readonly WriteStep[]): Promise<void> {
    const counter = part === null ? 'writes' : `writes-${part}`;
    const made = this.#count(run.id, counter);
    if (made >= nth) return;
    const expected = [...present(run), [counter, made === 0 ? null : made] as const];
    if (made === nth - 1 && (await this.#change(run.id, { [counter]: nth }, expected, steps))) return;
    await this.#database.refresh();
    if (this.#count(run.id, counter) < nth)
      throw new BacksideError('unavailable', 'the job was cancelled or given to another worker');
  }

  #count(id: string, counter: string): number {
    return Number(this.#read([...this.#root, id, counter]) ?? 0);
  }

  /** Calls `cancelled` when somebody cancels the job, unless the returned function was called before. */
  watchCancel(id: string, cancelled: () => void): () => void {
    const subscription = this.#database.listen(ADMIN, {
      path: [...this.#root, id, 'state'],
      encoder: { format: 'val', encode: (event) => JSON.parse(new TextDecoder().decode(event.body('val'))) as Json },
      listener: {
        event: (state) => {
          if (state === 'cancelled') cancelled();
        },
        // The run then finds out when it ends.
        cancelled: () => {},
      },
    });
    return () => subscription.end();
  }

  #first({ name, queue, options: { tag } }: NewJob): Record<string, Json> {
    return { name, queue, submittedAt: this.#now(), ...(tag !== undefined && { tag }) };
  }

  #read(path: Path): Json {
    return nodeToJson(this.#database.read(ADMIN, path).node, 'val');
  }

  async #change(
    id: string,
    fields: Readonly<Record<string, Json>>,
    expected: readonly (readonly [name: string, value: string | number | null])[],
    steps: readonly WriteStep[] = [],
  ): Promise<boolean> {
    const path = [...this.#root, id];
    try {
      await this.#database.write({
        principal: ADMIN,
        steps: [...steps, { method: 'update', path, value: fields }],
        preconditions: expected.map(([name, value]) => ({
          path: name === '' ? path : [...path, name],
          hash: hashNode(value),
        })),
      });
      return true;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') return false;
      throw error;
    }
  }
}

/** A page of the nodes that were submitted before one; nodes that others have put among them have no such time. */
function newestBefore(before: JobStatus | undefined, count: number): Query {
  const end =
    before === undefined
      ? { value: Number.MAX_VALUE, inclusive: true }
      : { value: before.submittedAt, key: before.id, inclusive: false };
  const start = { value: 0, inclusive: true };
  return { order: BY_SUBMISSION, start, end, limit: { count, from: 'last' } };
}

function statusesOf(entries: readonly (readonly [string, Node])[]): JobStatus[] {
  const statuses = entries.map(([id, child]) => statusOf(id, nodeToJson(child, 'val')));
  return statuses.filter((status) => status !== null).sort(newestFirst);
}

function newestFirst(a: JobStatus, b: JobStatus): number {
  return b.submittedAt - a.submittedAt || compareKeys(b.id, a.id);
}

function present({ token }: ShownRun): [name: string, value: string][] {
  return [
    ['state', 'running'],
    ['run', token],
  ];
}

function statusOf(id: string, json: Json): JobStatus | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || typeof json.state !== 'string') return null;
  return {
    id,
    name: String(json.name ?? ''),
    queue: String(json.queue ?? ''),
    tag: typeof json.tag === 'string' ? json.tag : null,
    state: json.state as JobState,
    attempt: Number(json.attempt ?? 0),
    submittedAt: Number(json.submittedAt ?? 0),
    startedAt: typeof json.startedAt === 'number' ? json.startedAt : null,
    endedAt: typeof json.endedAt === 'number' ? json.endedAt : null,
    progress: json.progress ?? null,
    result: json.result ?? null,
    error: typeof json.error === 'string' ? json.error : null,
  };
}
