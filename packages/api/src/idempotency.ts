import { createHash } from 'node:crypto';
import { authorOf, BacksideError, type Commit, type Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { WriteOperation, WriteResult } from './operation.js';

const MAX_KEY_LENGTH = 256;

/** The key as commits store it: a writer cannot meet another writer's keys. Throws `invalid-header`. */
export function scopedKey({ idempotencyKey: key = '', principal }: WriteOperation): string {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) {
    throw new BacksideError('invalid-header', `an idempotency key has 1 to ${MAX_KEY_LENGTH} characters`);
  }
  return `${scopeOf(principal)}/${key}`;
}

function scopeOf(principal: Principal): string {
  return principal.kind === 'user' ? `u:${principal.uid}` : (authorOf(principal) ?? '');
}

interface Remembered {
  /** What the operation was, so that a key used for something else is noticed; null after a restart. */
  readonly fingerprint: string | null;
  readonly result: WriteResult;
}

/** The results of recent writes that had an idempotency key, the oldest forgotten first. */
export class IdempotencyRecord {
  readonly #capacity: number;
  readonly #results = new Map<string, Remembered>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The result of an earlier write with this key. Throws `idempotency-conflict` if that was another write. */
  find(key: string, operation: WriteOperation): WriteResult | null {
    const remembered = this.#results.get(key);
    if (remembered === undefined) return null;
    if (remembered.fingerprint !== null && remembered.fingerprint !== fingerprint(operation)) {
      throw new BacksideError('idempotency-conflict');
    }
    return remembered.result;
  }

  /** Remembers the result of a write of this node. */
  record(key: string, operation: WriteOperation, result: WriteResult): void {
    this.#put(key, { fingerprint: fingerprint(operation), result });
  }

  /** Remembers a commit read from the journal or made by another node. The new paths of pushes are its changed paths. */
  learn(commit: Commit): void {
    if (commit.idempotencyKey === undefined || this.#results.has(commit.idempotencyKey)) return;
    const pushed: Path[] = commit.changes.map((change) => change.path).filter((path) => isPushId(path.at(-1)));
    this.#put(commit.idempotencyKey, { fingerprint: null, result: { revision: commit.revision, pushed } });
  }

  #put(key: string, remembered: Remembered): void {
    this.#results.set(key, remembered);
    if (this.#results.size <= this.#capacity) return;
    for (const oldest of this.#results.keys()) {
      this.#results.delete(oldest);
      break;
    }
  }
}

function isPushId(key: string | undefined): boolean {
  return key !== undefined && /^[-0-9A-Z_a-z]{20}$/.test(key) && key.startsWith('-');
}

function fingerprint(operation: WriteOperation): string {
  return createHash('sha256').update(JSON.stringify(operation.steps)).digest('base64');
}
