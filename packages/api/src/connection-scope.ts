import { BacksideError, type Principal } from '@backside/protocol';
import { isPrefix, type Path } from '@backside/tree';
import type { WriteOperation, WriteStep } from './operation.js';

/** What a connection scope needs of its database. */
export interface ScopeHost {
  /** Throws `permission-denied` or `invalid-data` if the operation would be refused now. */
  check(operation: WriteOperation): void;
  write(operation: WriteOperation): Promise<unknown>;
  /** Told of a write that was refused when its time had come. */
  failed(error: unknown): void;
}

/** How much one connection may leave for its end. */
export interface ScopeBounds {
  readonly maxOperations: number;
  /** Characters of their values as JSON. */
  readonly maxCharacters: number;
}

interface Stored {
  readonly principal: Principal;
  readonly step: WriteStep;
  readonly characters: number;
  readonly headers: WriteOperation['headers'];
}

/** The writes that the server makes when one connection ends, however it ends. Server values are resolved when they run. */
export class ConnectionScope {
  readonly #host: ScopeHost;
  readonly #bounds: ScopeBounds;
  #stored: Stored[] = [];
  #ended = false;

  constructor(host: ScopeHost, bounds: ScopeBounds) {
    this.#host = host;
    this.#bounds = bounds;
  }

  /**
   * Stores an operation for the end of the connection; what was stored at or below its paths before is replaced. Throws
   * `permission-denied`, `invalid-data` or `limit-exceeded`.
   */
  onDisconnect(operation: WriteOperation): void {
    this.#host.check(operation);
    const added = operation.steps.map((step) => ({
      principal: operation.principal,
      step,
      characters: 'value' in step ? JSON.stringify(step.value).length : 0,
      headers: operation.headers,
    }));
    this.#checkBounds(added);
    for (const stored of added) {
      const { step } = stored;
      if (step.method === 'set' || step.method === 'remove') this.cancelOnDisconnect(step.path);
      this.#stored.push(stored);
    }
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

  /** Forgets what is stored at or below `path`; the rest of a value stored above it stays. */
  cancelOnDisconnect(path: Path): void {
    this.#stored = this.#stored.flatMap((stored) => {
      const step = withoutPath(stored.step, path);
      return step === null ? [] : [{ ...stored, step }];
    });
  }

  /** From now on what is stored is made as this principal, and decided anew when its time comes. */
  become(principal: Principal): void {
    this.#stored = this.#stored.map((stored) => ({ ...stored, principal }));
  }

  /** Runs what is stored, once; resolves when every write is answered. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const stored = this.#stored;
    this.#stored = [];
    const writes = stored.map(({ principal, step, headers }) =>
      this.#host
        .write({ principal, steps: [step], ...(headers && { headers }) })
        .catch((error) => this.#host.failed(error)),
    );
    await Promise.all(writes);
  }
}

/** What is left of a stored step when everything at and below `path` is taken out; null if nothing is. */
function withoutPath(step: WriteStep, path: Path): WriteStep | null {
  if (isPrefix(path, step.path)) return null;
  if (!isPrefix(step.path, path) || (step.method !== 'set' && step.method !== 'update')) return step;
  const relative = path.slice(step.path.length);
  if (step.method === 'set') return split(step, relative);
  const rest = Object.entries(step.value as object).flatMap(([key, value]) => {
    const keys = key.split('/').filter((piece) => piece !== '');
    if (isPrefix(relative, keys)) return [];
    return [[key, isPrefix(keys, relative) ? without(value, relative.slice(keys.length)) : value] as const];
  });
  return rest.length === 0 ? null : { ...step, value: Object.fromEntries(rest) };
}

/** A stored set that loses a part no longer replaces its path: it becomes an update of the parts that stay. */
function split(step: Extract<WriteStep, { method: 'set' }>, relative: Path): WriteStep | null {
  if (typeof step.value !== 'object' || step.value === null) return step;
  const siblings: [string, unknown][] = [];
  let value: unknown = step.value;
  for (const [depth, key] of relative.entries()) {
    if (typeof value !== 'object' || value === null) break;
    for (const [sibling, node] of Object.entries(value)) {
      if (sibling !== key) siblings.push([[...relative.slice(0, depth), sibling].join('/'), node]);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return siblings.length === 0 ? null : { method: 'update', path: step.path, value: Object.fromEntries(siblings) };
}

function without(value: unknown, relative: Path): unknown {
  const [key, ...rest] = relative;
  if (key === undefined || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, node]) => {
    if (name !== key) return [[name, node] as const];
    return rest.length === 0 ? [] : [[name, without(node, rest)] as const];
  });
  return Object.fromEntries(entries);
}
