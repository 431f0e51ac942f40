import { type Change, encodeNode, formatPath, type Node, nodeFromJson, parsePath, UNLIMITED } from '@backside/tree';
import { BacksideError } from './errors.js';
import { encodeUtf8 } from './utf8.js';

const DECODER = new TextDecoder('utf-8', { fatal: true });

/** What a commit holds. `changes` touch disjoint paths and are applied together. */
export interface CommitFields {
  /** 1, 2, 3 … without gaps in one database. */
  readonly revision: number;
  /** Milliseconds since the epoch at the node that made it. */
  readonly time: number;
  /** Who wrote, as `authorOf` names it; null for nobody. */
  readonly author: string | null;
  /** Which node made the commit. */
  readonly origin: string;
  readonly changes: readonly Change[];
  /** Application headers of the write, passed on in live events. */
  readonly headers?: readonly (readonly [string, string])[];
  /** The writer's idempotency key, already scoped to the writer. */
  readonly idempotencyKey?: string;
  /** The node that stood at each change's path before, in the order of `changes`; kept only when the journal is told to. */
  readonly prior?: readonly Node[];
}

/** `CommitFields` while they are being put together. */
export type CommitDraft = { -readonly [Name in keyof CommitFields]: CommitFields[Name] };

/** One atomic list of changes with its place in the order. Immutable; its encoding is made once and shared. */
export class Commit implements CommitFields {
  readonly revision: number;
  readonly time: number;
  readonly author: string | null;
  readonly origin: string;
  readonly changes: readonly Change[];
  readonly headers?: readonly (readonly [string, string])[];
  readonly idempotencyKey?: string;
  readonly prior?: readonly Node[];
  #bytes: Uint8Array | undefined;

  constructor(fields: CommitFields, bytes?: Uint8Array) {
    this.revision = fields.revision;
    this.time = fields.time;
    this.author = fields.author;
    this.origin = fields.origin;
    this.changes = fields.changes;
    if (fields.headers !== undefined) this.headers = fields.headers;
    if (fields.idempotencyKey !== undefined) this.idempotencyKey = fields.idempotencyKey;
    if (fields.prior !== undefined) this.prior = fields.prior;
    this.#bytes = bytes;
  }

  /** UTF-8 JSON, the form in which journals store and nodes exchange it. Callers must not write into it. */
  encoded(): Uint8Array {
    this.#bytes ??= encodeUtf8(formatCommit(this));
    return this.#bytes;
  }
}

/** The commit of one encoding. Throws `internal` if the bytes are not a commit: they come from our own journals only. */
export function decodeCommit(bytes: Uint8Array): Commit {
  try {
    const raw = JSON.parse(DECODER.decode(bytes)) as StoredCommit;
    return new Commit(fieldsOf(raw), bytes);
  } catch (cause) {
    throw new BacksideError('internal', 'a stored commit cannot be read', { cause });
  }
}

/** What was stored was checked when it was written, maybe under other limits. */
const TRUSTED = { limits: UNLIMITED };

/** Short keys, since every commit carries them: revision, time, author, origin, changes, headers, idempotency key, prior. */
interface StoredCommit {
  r: number;
  t: number;
  a: string | null;
  o: string;
  c: [path: string, value: unknown][];
  h?: [string, string][];
  k?: string;
  p?: unknown[];
}

function formatCommit(commit: Commit): string {
  let text = `{"r":${commit.revision},"t":${commit.time},"a":${JSON.stringify(commit.author)},"o":${JSON.stringify(commit.origin)},"c":[`;
  let first = true;
  for (const { path, value } of commit.changes) {
    text += `${first ? '' : ','}[${JSON.stringify(formatPath(path))},${encodeNode(value, 'export')}]`;
    first = false;
  }
  text += ']';
  if (commit.headers) text += `,"h":${JSON.stringify(commit.headers)}`;
  if (commit.idempotencyKey !== undefined) text += `,"k":${JSON.stringify(commit.idempotencyKey)}`;
  if (commit.prior) text += `,"p":[${commit.prior.map((node) => encodeNode(node, 'export')).join(',')}]`;
  return `${text}}`;
}

function fieldsOf(raw: StoredCommit): CommitFields {
  const fields: CommitDraft = {
    revision: raw.r,
    time: raw.t,
    author: raw.a,
    origin: raw.o,
    changes: raw.c.map(([path, value]) => ({ path: parsePath(path, UNLIMITED), value: nodeFromJson(value, TRUSTED) })),
  };
  if (raw.h !== undefined) fields.headers = raw.h;
  if (raw.k !== undefined) fields.idempotencyKey = raw.k;
  if (raw.p !== undefined) fields.prior = raw.p.map((value) => nodeFromJson(value, TRUSTED));
  return fields;
}
