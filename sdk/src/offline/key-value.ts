/**
 * Where a store keeps its records: text by key. Calls take effect in their order, also when they are not awaited. A failure
 * rejects the call and leaves the others alone.
 */
export interface KeyValue {
  get(key: string): Promise<string | null>;
  /**
   * Writes the entries in their order; null removes. Resolves once they would survive the end of the process. Each entry is
   * written entirely or not at all; after a crash the last of them may be missing.
   */
  write(entries: readonly KeyValueEdit[]): Promise<void>;
  /** What is stored under keys with the prefix, in the order of the keys. */
  entries(prefix: string): Promise<readonly KeyValueEntry[]>;
  close(): Promise<void>;
}

export type KeyValueEntry = readonly [key: string, value: string];

export type KeyValueEdit = readonly [key: string, value: string | null];

export function compareEntries([a]: KeyValueEntry, [b]: KeyValueEntry): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
