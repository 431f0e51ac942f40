import type { PrivateTree, PrivateValue } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { parsePlace, placeOf } from '../place.js';
import type { NewJob, QueueCounts, Submission } from '../queue.js';
import { uniqueHashOf } from '../unique-hash.js';
import { type JobRecord, jobOf, parseRecord } from './job-record.js';

/**
 * What stands where below the queue's part of the private tree:
 *
 * `jobs/ID` a record, or `{ended: time}` · `due/QUEUE/PLACE` id · `running/QUEUE/ID` holder · `dead/QUEUE/PLACE` id · `ended/PLACE` id ·
 * `unique/HASH` id · `holders/ID` a lease · `pulse/QUEUE` changes whenever something becomes due sooner
 */
export const PATHS = {
  record: (id: string): Path => ['jobs', id],
  due: (queue: string): Path => ['due', queue],
  running: (queue: string): Path => ['running', queue],
  dead: (queue: string): Path => ['dead', queue],
  ended: ['ended'] as Path,
  unique: (hash: string): Path => ['unique', hash],
  holders: ['holders'] as Path,
  pulse: (queue: string): Path => ['pulse', queue],
} as const;

/** What one commit changes, and what must stand where for it to be made. */
interface Edit {
  readonly changes: readonly PrivateValue[];
  readonly expect: readonly PrivateValue[];
}

/** How often a change is tried against others who change the same. */
const MAX_TRIES = 25;

/** The changes of records: each is one atomic commit on condition that the record is as it was read. */
export class Records {
  readonly #tree: PrivateTree;
  readonly #now: () => number;

  constructor(tree: PrivateTree, now: () => number) {
    this.#tree = tree;
    this.#now = now;
  }

  get(id: string): JobRecord | null {
    return parseRecord(this.#tree.read(PATHS.record(id)));
  }

  /** Ids of the jobs of a queue whose time has come, the earliest first; and when the next one's comes if none has. */
  due(queue: string, limit: number): { ids: string[]; nextMs: number | null } {
    const places = this.#tree.keys(PATHS.due(queue), { limit }).map(parsePlace);
    const now = this.#now();
    return {
      ids: places.filter(({ timeMs }) => timeMs <= now).map(({ id }) => id),
      nextMs: places.find(({ timeMs }) => timeMs > now)?.timeMs ?? null,
    };
  }

  async add(job: NewJob): Promise<Submission> {
    const unique = job.uniqueKey === null ? '' : uniqueHashOf(job.queue, job.uniqueKey);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const known = this.#known(job.id, unique);
      if (known !== null) return { id: known, duplicate: true };
      const place = placeOf(job.startAt ?? this.#now(), job.id);
      const record = { payload: JSON.stringify(job), state: 'waiting', turn: 1, attempt: 0, error: '', place, unique };
      const edit: Edit = {
        changes: [
          value(PATHS.record(job.id), record),
          ...this.#enqueued(job.queue, place, job.id),
          ...(unique === '' ? [] : [value(PATHS.unique(unique), job.id)]),
        ],
        expect: [value(PATHS.record(job.id), null), ...(unique === '' ? [] : [value(PATHS.unique(unique), null)])],
      };
      if (await this.#commit(edit)) return { id: job.id, duplicate: false };
      await this.#tree.refresh();
    }
    throw new BacksideError('unavailable', 'too many others submit the same job at the same time');
  }

  #known(id: string, unique: string): string | null {
    if (this.#tree.read(PATHS.record(id)) !== null) return id;
    const holder = unique === '' ? null : this.#tree.read(PATHS.unique(unique));
    return typeof holder === 'string' ? holder : null;
  }

  /** Gives a waiting job to a holder whose lease is held; null if somebody else was faster. */
  async take(id: string, holder: string): Promise<JobRecord | null> {
    const record = this.get(id);
    if (record?.state !== 'waiting') return null;
    const { queue } = jobOf(record);
    const taken: JobRecord = {
      ...record,
      state: 'running',
      turn: record.turn + 1,
      attempt: record.attempt + 1,
      place: '',
    };
    const made = await this.#replace(record, taken, {
      changes: [value([...PATHS.due(queue), record.place], null), value([...PATHS.running(queue), id], holder)],
      expect: [value([...PATHS.holders, holder, 'id'], holder)],
    });
    return made ? taken : null;
  }

  /** Ends a job for good. False if the record has changed since, here as below. */
  finish(record: JobRecord): Promise<boolean> {
    const { id, queue } = jobOf(record);
    const now = this.#now();
    return this.#commit({
      changes: [
        value(PATHS.record(id), { ended: now }),
        value([...PATHS.ended, placeOf(now, id)], id),
        ...this.#unlisted(record, queue, id),
        ...released(record),
      ],
      expect: [turnOf(record, id)],
    });
  }

  /** Puts a job that was taken back in line. */
  putBack(record: JobRecord, how: { startAt: number; error: string; counted: boolean }): Promise<boolean> {
    const { id, queue } = jobOf(record);
    const place = placeOf(how.startAt, id);
    const waiting: JobRecord = {
      ...record,
      state: 'waiting',
      turn: record.turn + 1,
      attempt: record.attempt - (how.counted ? 0 : 1),
      error: how.error,
      place,
    };
    return this.#replace(record, waiting, {
      changes: [...this.#unlisted(record, queue, id), ...this.#enqueued(queue, place, id)],
      expect: [],
    });
  }

  bury(record: JobRecord, error: string): Promise<boolean> {
    const { id, queue } = jobOf(record);
    const place = placeOf(this.#now(), id);
    const dead: JobRecord = { ...record, state: 'dead', turn: record.turn + 1, error, place, unique: '' };
    return this.#replace(record, dead, {
      changes: [...this.#unlisted(record, queue, id), value([...PATHS.dead(queue), place], id), ...released(record)],
      expect: [],
    });
  }

  /** Gives a dead job all of its attempts again. */
  revive(record: JobRecord): Promise<boolean> {
    return this.putBack({ ...record, attempt: 0 }, { startAt: this.#now(), error: record.error, counted: true });
  }

  /** The running jobs of a queue, with their holders. */
  running(queue: string): Map<string, string> {
    const list = PATHS.running(queue);
    return new Map(this.#tree.keys(list).map((id) => [id, String(this.#tree.read([...list, id]))]));
  }

  dead(queue: string, limit: number): JobRecord[] {
    const ids = this.#tree.keys(PATHS.dead(queue), { limit }).map((place) => parsePlace(place).id);
    return ids.map((id) => this.get(id)).filter((record) => record !== null);
  }

  counts(queue: string): QueueCounts {
    const [waiting, running, dead] = [PATHS.due(queue), PATHS.running(queue), PATHS.dead(queue)].map(
      (list) => this.#tree.keys(list).length,
    );
    return { waiting: waiting!, running: running!, dead: dead! };
  }

  /** Forgets jobs that ended before `before`, `limit` at most: their ids may be used again. Resolves with whether there were any. */
  async forget(before: number, limit: number): Promise<boolean> {
    const places = this.#tree.keys(PATHS.ended, { limit }).filter((place) => parsePlace(place).timeMs < before);
    if (places.length === 0) return false;
    const changes = places.flatMap((place) => [
      value([...PATHS.ended, place], null),
      value(PATHS.record(parsePlace(place).id), null),
    ]);
    await this.#tree.update(changes);
    return true;
  }

  #enqueued(queue: string, place: string, id: string): PrivateValue[] {
    return [value([...PATHS.due(queue), place], id), value(PATHS.pulse(queue), place)];
  }

  /** Removes the record from the list that it is in. */
  #unlisted(record: JobRecord, queue: string, id: string): PrivateValue[] {
    const places = {
      waiting: [...PATHS.due(queue), record.place],
      running: [...PATHS.running(queue), id],
      dead: [...PATHS.dead(queue), record.place],
    };
    return [value(places[record.state], null)];
  }

  #replace(before: JobRecord, after: JobRecord, { changes, expect }: Edit): Promise<boolean> {
    const { id } = jobOf(before);
    const { payload: _same, ...fields } = after;
    const changed = Object.entries(fields).map(([name, field]) => value([...PATHS.record(id), name], field));
    return this.#commit({ changes: [...changed, ...changes], expect: [turnOf(before, id), ...expect] });
  }

  /** False if something was not as expected. */
  async #commit({ changes, expect }: Edit): Promise<boolean> {
    try {
      await this.#tree.update(changes, expect);
      return true;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') return false;
      throw error;
    }
  }
}

function value(path: Path, json: unknown): PrivateValue {
  return { path, value: json as Json };
}

function turnOf(record: JobRecord, id: string): PrivateValue {
  return value([...PATHS.record(id), 'turn'], record.turn);
}

function released(record: JobRecord): PrivateValue[] {
  return record.unique === '' ? [] : [value(PATHS.unique(record.unique), null)];
}
