import { TreeError } from './error.js';
import type { Leaf } from './node.js';
import type { Path } from './path.js';

/** What server values are resolved against. */
export interface ServerValueContext {
  /** Milliseconds since the epoch; one value for a whole request. */
  readonly now: number;
  /** The leaf at a path relative to the written value, as it is before the write; null if there is none or it is a map. */
  existing(relativePath: Path): Leaf | null;
}

/**
 * The leaf that `{".sv": operation}` stands for: `"timestamp"`, or `{"increment": n}`, which adds to a number and otherwise is `n`.
 * Throws `invalid-data` for anything else and for a sum that is not finite.
 */
export function resolveServerValue(operation: unknown, context: ServerValueContext, path: Path): Leaf {
  if (operation === 'timestamp') return context.now;
  const by = incrementOf(operation);
  if (by === null) throw new TreeError('invalid-data', 'unknown server value');
  const existing = context.existing(path);
  const sum = typeof existing === 'number' ? existing + by : by;
  if (!Number.isFinite(sum)) throw new TreeError('invalid-data', 'a sum beyond all numbers');
  return sum === 0 ? 0 : sum;
}

/** Whether any `.sv` occurs in `json`, at any depth. */
export function containsServerValues(json: unknown): boolean {
  const waiting: unknown[] = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value) && Object.hasOwn(value, '.sv')) return true;
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) waiting.push(child);
    }
  }
  return false;
}

function incrementOf(operation: unknown): number | null {
  if (typeof operation !== 'object' || operation === null || !Object.hasOwn(operation, 'increment')) return null;
  const { increment } = operation as { increment: unknown };
  return typeof increment === 'number' && Number.isFinite(increment) ? increment : null;
}
