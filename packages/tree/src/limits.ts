export interface Limits {
  /** Keys between the root and the deepest node. */
  readonly maxDepth: number;
  /** UTF-8 bytes of one key. */
  readonly maxKeyBytes: number;
  /** UTF-8 bytes of one string leaf or priority. */
  readonly maxLeafBytes: number;
  /** UTF-8 bytes of all keys and strings of one written value, each number and boolean counted as 8. */
  readonly maxWriteBytes: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_LIMITS: Limits = {
  maxDepth: 32,
  maxKeyBytes: 768,
  maxLeafBytes: 10 * MIB,
  maxWriteBytes: 16 * MIB,
};

/**
 * For data that was checked when it was first written. The depth stays bounded, at what the recursive functions of this
 * package always bear, so that damaged data gives a `TreeError` and not a stack overflow.
 */
export const UNLIMITED: Limits = {
  maxDepth: 1000,
  maxKeyBytes: Infinity,
  maxLeafBytes: Infinity,
  maxWriteBytes: Infinity,
};
