import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStep } from '@backside/api';
import { BacksideError, type Principal, toBacksideError } from '@backside/protocol';
import { assertKey, type Path, PRIORITY_KEY } from '@backside/tree';
import { assertReadable, tooLarge } from './body.js';
import { sendNothing, type TreeCall } from './call.js';
import { renewed } from './credential.js';
import { type Cut, JsonCutter } from './json-cutter.js';
import { NOT_JSON } from './refusal.js';
import { sendJson } from './send-json.js';

/** About how much of the body one commit has. */
const BATCH_BYTES = 64 * 1024;
/** After so many commits the disk is brought up to date: what waits for it is in memory, and the longer, the later it is collected. */
const COMMITS_PER_CHECKPOINT = 4;
/** Where another process writes the disk: commits that may wait for it, somewhat more than it takes at a time. */
const MAX_AHEAD = 192;
const CATCH_UP_MS = 5;
/** A disk that takes nothing for so long does not keep up. */
const MAX_CATCH_UP_MS = 30_000;

/**
 * Replaces the node by a body of any length in constant memory: read as a stream, and written in commits of about `BATCH_BYTES`, so that
 * others see it grow. What fails halfway leaves what was written before it, and says so. For admins, and only as long as they are.
 */
export async function importBody(call: TreeCall): Promise<void> {
  const { request, parameters, database, path, limits } = call;
  assertReadable(request, Number.POSITIVE_INFINITY);
  const target = new ImportTarget(call);
  let reader: Principal;
  try {
    await importChunks(request.iterator({ destroyOnReturn: false }), target, limits.maxBodyBytes);
    reader = importer(call);
  } catch (error) {
    const isCutOff = request.destroyed && !request.complete;
    throw isCutOff ? new BacksideError('invalid-data', 'the body is cut off') : target.explain(error);
  }
  if (parameters.print === 'silent') sendNothing(call);
  else await sendJson(call, database.streamJson(reader, path, parameters.format).chunks);
}

/** Who imports, by now. Throws `unauthenticated` or `permission-denied` if that is no admin any more. */
function importer(call: TreeCall): Principal {
  const { principal } = renewed(call);
  if (principal.kind !== 'admin') throw new BacksideError('permission-denied');
  return principal;
}

async function importChunks(chunks: AsyncIterable<Buffer>, target: ImportTarget, maxValueBytes: number): Promise<void> {
  const cutter = new JsonCutter({ batchBytes: BATCH_BYTES, maxValueBytes });
  let lead: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (lead !== null) lead = Buffer.concat([lead, chunk]);
    if (lead !== null && !holdsContainer(lead)) {
      if (lead.length > maxValueBytes) throw tooLarge(maxValueBytes);
      continue;
    }
    for (const cut of cutter.push(lead ?? chunk)) await target.write(cut);
    lead = null;
  }
  if (lead === null) cutter.end();
  else await target.set(leafOf(lead));
}

/** Whether the text begins an object or an array; false while it is not known. */
function holdsContainer(text: Buffer): boolean {
  const first = text.find((byte) => byte > 0x20);
  return first === 0x7b || first === 0x5b;
}

function leafOf(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8')) as unknown;
  } catch (cause) {
    throw new BacksideError('invalid-data', NOT_JSON, { cause });
  }
}

/** The node that is being replaced. */
class ImportTarget {
  readonly #call: TreeCall;
  #commits = 0;
  /** Revisions that the disk may not have yet, the oldest first. */
  readonly #unsaved: number[] = [];
  /** Of the maps that are being written: a map has a priority only once it has children. */
  readonly #priorities = new Map<string, unknown>();

  constructor(call: TreeCall) {
    this.#call = call;
  }

  set(value: unknown): Promise<void> {
    return this.#commit({ method: 'set', path: this.#call.path, value });
  }

  async write(cut: Cut): Promise<void> {
    const { keys, first, last } = cut;
    const members = first && last ? cut.members : this.#withoutPriority(cut);
    if (first && keys.length === 0) await this.set(objectOf(members));
    else if (first) await this.#update([[relative(keys.slice(0, -1), keys.at(-1)!), objectOf(members)]]);
    else await this.#update([...members].map(([key, value]) => [relative(keys, key), value]));
    if (last) await this.#finish(keys);
  }

  /** Sets the priority aside. Throws `invalid-data` for a value beside children. */
  #withoutPriority({ keys, members }: Cut): Map<string, unknown> {
    const rest = new Map(members);
    if (rest.has('.value') || rest.has('.sv')) throw new BacksideError('invalid-data', 'a value beside children');
    if (rest.has(PRIORITY_KEY)) this.#priorities.set(keys.join('/'), rest.get(PRIORITY_KEY));
    rest.delete(PRIORITY_KEY);
    return rest;
  }

  async #finish(keys: Path): Promise<void> {
    const name = keys.join('/');
    if (!this.#priorities.has(name)) return;
    const value = this.#priorities.get(name);
    this.#priorities.delete(name);
    await this.#commit({ method: 'set', path: [...this.#call.path, ...keys, PRIORITY_KEY], value });
  }

  async #update(entries: readonly (readonly [string, unknown])[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#commit({ method: 'update', path: this.#call.path, value: objectOf(entries) });
  }

  async #commit(step: WriteStep): Promise<void> {
    const { database } = this.#call;
    const { revision } = await database.write({ principal: importer(this.#call), steps: [step] });
    this.#commits += 1;
    this.#unsaved.push(revision);
    if (this.#commits % COMMITS_PER_CHECKPOINT === 0) await database.checkpoint();
    await this.#caughtUp();
  }

  async #caughtUp(): Promise<void> {
    const end = performance.now() + MAX_CATCH_UP_MS;
    while (this.#isAhead()) {
      if (performance.now() > end) throw new BacksideError('unavailable', 'the disk of this node does not keep up');
      await sleep(CATCH_UP_MS);
    }
  }

  /** Whether so many of its commits wait in memory for the disk that it should catch up first. */
  #isAhead(): boolean {
    const { checkpointed } = this.#call.database.stats();
    while (this.#unsaved.length > 0 && this.#unsaved[0]! <= checkpointed) this.#unsaved.shift();
    return this.#unsaved.length > MAX_AHEAD;
  }

  /** The error, saying what stays. */
  explain(thrown: unknown): unknown {
    if (this.#commits === 0) return thrown;
    const { code, message, trace } = toBacksideError(thrown);
    if (code === 'internal') return thrown;
    return new BacksideError(code, `${message}; what came before it was written`, { cause: thrown, trace });
  }
}

/** Without a prototype, so that every key is data. */
function objectOf(members: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, value] of members) object[key] = value;
  return object;
}

function relative(keys: Path, key: string): string {
  assertKey(key);
  return [...keys, key].join('/');
}
