/**
 * - `invalid-path`: a path or key that no tree can have.
 * - `invalid-data`: a value that no tree can hold.
 * - `invalid-query`: a query that says something contradictory or unknown.
 * - `too-large`: well-formed data beyond a limit: nesting, bytes of a key, of a leaf, or of a whole write.
 */
export type TreeErrorCode = 'invalid-path' | 'invalid-data' | 'invalid-query' | 'too-large';

/** The only error that this package throws for bad input. The message says what is wrong and never quotes whole values. */
export class TreeError extends Error {
  readonly code: TreeErrorCode;

  constructor(code: TreeErrorCode, message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = 'TreeError';
    this.code = code;
  }
}
