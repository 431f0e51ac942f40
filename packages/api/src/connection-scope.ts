import { BacksideError, type Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { IsHeld, LeftChanges, LeftWrite } from './left-write.js';
import type { WriteOperation } from './operation.js';
import { withoutPath } from './without-path.js';

/** What a connection scope needs of its database. */
export interface ScopeHost {
  /** Throws `permission-denied` or `invalid-data` if the operation would be refused now. */
  check(operation: WriteOperation): void;
  /** Makes a write when its time has come, if it is still held then; resolves with whether its fate is sealed. */
  make(left: LeftWrite, isHeld: IsHeld): Promise<boolean>;
}

/** Where the writes of one scope are kept meanwhile. */
export interface ScopeRecord {
  /** An idempotency key that no other write has. */
  newKey(): string;
  /**
   * Resolves once the changes will survive this process. Changes are stored in the order of the calls. Rejects with `unavailable`; what
   * was to be forgotten then is so as soon as it can be.
   */
  save(changes: LeftChanges): Promise<void>;
  readonly isHeld: IsHeld;
  /** Calls back if another node has taken what is kept here over, because this one seemed dead. */
  onLost(lost: () => void): void;
  /** The scope has ended; what it kept is still to be made. */
  ended(): void;
}

/** How much one connection may leave for its end. */
export interface ScopeBounds {
  readonly maxOperations: number;
  /** Characters of their values as JSON. */
  readonly maxCharacters: number;
}

interface Stored {
  readonly left: LeftWrite;
  readonly characters: number;
}

/**
 * The writes that the server makes when one connection ends, however it ends, also together with the process. Each is made once.
 * Server values are resolved then.
 */
export class ConnectionScope {
  readonly #host: ScopeHost;
  readonly #bounds: ScopeBounds;
  readonly #record: ScopeRecord;
  #stored: Stored[] = [];
  #ended = false;

  /** `lost` is called if another node took this scope for one of a dead connection: what was stored is made by that one. */
  constructor(parts: { host: ScopeHost; bounds: ScopeBounds; record: ScopeRecord; lost: () => void }) {
    this.#host = parts.host;
    this.#bounds = parts.bounds;
    this.#record = parts.record;
    this.#record.onLost(() => {
      if (this.#ended || this.#stored.length === 0) return;
      this.#ended = true;
      this.#stored = [];
      parts.lost();
    });
  }

  /**
   * Stores an operation for the end of the connection, or for `graceMs` after it; what was stored at or below its paths before is
   * replaced. Throws `permission-denied`, `invalid-data` or `limit-exceeded`, and then has stored nothing. Resolves once what is stored
   * survives the process; after a rejection with `unavailable` it is stored here, and may not survive.
   */
  onDisconnect(operation: WriteOperation, graceMs = 0): Promise<void> {
    this.#host.check(operation);
    const { principal, steps, headers } = operation;
    const added = steps.map((step) => ({
      left: { key: this.#record.newKey(), principal, step, graceMs, ...(headers && { headers }) },
      characters: 'value' in step ? JSON.stringify(step.value).length : 0,
    }));
    this.#checkBounds(added);
    const changes = new Map<string, LeftWrite | null>();
    for (const stored of added) {
      const { step } = stored.left;
      if (step.method === 'set' || step.method === 'remove') this.#cancel(step.path, changes);
      this.#stored.push(stored);
      changes.set(stored.left.key, stored.left);
    }
    return this.#record.save(changes);
  }

  #checkBounds(added: readonly Stored[]): void {
    const { maxOperations, maxCharacters } = this.#bounds;
    const all = [...this.#stored, ...added];
    if (all.length > maxOperations) {
      throw new BacksideError('limit-exceeded', `a connection may leave at most ${maxOperations} writes for its end`);
    }
    if (all.reduce((sum, { characters }) => sum + characters, 0) > maxCharacters) {
      throw new BacksideError(
        'limit-exceeded',
        `a connection may leave at most ${maxCharacters} characters for its end`,
      );
    }
  }

  /** Forgets what is stored at or below `path`; the rest of a value stored above it stays. Resolves as `onDisconnect` does. */
  async cancelOnDisconnect(path: Path): Promise<void> {
    const changes = new Map<string, LeftWrite | null>();
    this.#cancel(path, changes);
    if (changes.size > 0) await this.#record.save(changes);
  }

  #cancel(path: Path, changes: Map<string, LeftWrite | null>): void {
    this.#stored = this.#stored.flatMap((stored) => {
      const { left } = stored;
      const step = withoutPath(left.step, path);
      if (step === left.step) return [stored];
      const rest = step === null ? null : { ...left, step };
      changes.set(left.key, rest);
      return rest === null ? [] : [{ ...stored, left: rest }];
    });
  }

  /** From now on what is stored is made as this principal, and decided anew when its time comes. Resolves as `onDisconnect` does. */
  async become(principal: Principal): Promise<void> {
    this.#stored = this.#stored.map((stored) => ({ ...stored, left: { ...stored.left, principal } }));
    if (this.#stored.length > 0) await this.#record.save(new Map(this.#stored.map(({ left }) => [left.key, left])));
  }

  /** Makes what is stored, once; resolves when every write is answered, or was left to another process. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const stored = this.#stored;
    this.#stored = [];
    this.#record.ended();
    await Promise.all(stored.map(({ left }) => this.#make(left)));
  }

  async #make(left: LeftWrite): Promise<void> {
    if (!(await this.#host.make(left, this.#record.isHeld))) return;
    // It is answered, whenever it is forgotten.
    await this.#record.save(new Map([[left.key, null]])).catch(() => undefined);
  }
}
