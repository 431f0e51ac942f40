/** What is wrong with a JSON document, and where. */
export class JsonDocumentError extends Error {
  /** Bytes before the place. */
  readonly offset: number;

  constructor(problem: string, place: { readonly offset: number; readonly line: number; readonly column: number }) {
    super(`line ${place.line}, column ${place.column} (byte ${place.offset}): ${problem}`);
    this.name = 'JsonDocumentError';
    this.offset = place.offset;
  }
}
