import type { KeyValue, KeyValueEdit, KeyValueEntry } from './key-value.js';
import { decodeUse, type ListenUse } from './stored-record.js';
import type { Warn } from './sync-store.js';

/** The state of a listen is under `l/NAME`, when it was last used and its size under `u/NAME`. */
export const STATE_PREFIX = 'l/';
export const USE_PREFIX = 'u/';

export interface Eviction {
  readonly storage: KeyValue;
  /** What may stay, in bytes. */
  readonly maxBytes: number;
  /** The names of the listens that are listened to; these go last. */
  readonly held: { has(name: string): boolean };
  readonly warn: Warn;
}

/** Removes the listens that were used the longest time ago until what stays is within the bound. */
export async function evict({ storage, maxBytes, held, warn }: Eviction): Promise<void> {
  const edits: KeyValueEdit[] = [];
  const uses = new Map<string, ListenUse>();
  for (const entry of await storage.entries(USE_PREFIX)) {
    const name = entry[0].slice(USE_PREFIX.length);
    const use = readUse(entry, warn);
    if (use === null) edits.push(...removalOf(name));
    else uses.set(name, use);
  }
  let total = 0;
  for (const { bytes } of uses.values()) total += bytes;
  const rank = (name: string): number => (held.has(name) ? 1 : 0);
  for (const [name, { bytes }] of [...uses].sort((a, b) => rank(a[0]) - rank(b[0]) || a[1].at - b[1].at)) {
    if (total <= maxBytes) break;
    edits.push(...removalOf(name));
    total -= bytes;
  }
  if (edits.length > 0) await storage.write(edits);
}

/** The state before its use, so that no state is ever stored whose size is not. */
export function removalOf(name: string): KeyValueEdit[] {
  return [
    [STATE_PREFIX + name, null],
    [USE_PREFIX + name, null],
  ];
}

function readUse([key, text]: KeyValueEntry, warn: Warn): ListenUse | null {
  try {
    return decodeUse(text);
  } catch (cause) {
    warn(`dropped a stored state of which nothing is known (${key})`, cause);
    return null;
  }
}
