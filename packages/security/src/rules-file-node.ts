import type { LineIndex, Position } from './line-index.js';

/** A value of a rules file, and where it begins. */
export type RulesFileNode = RulesFileObject | RulesFileArray | RulesFileString | RulesFileScalar;

export interface RulesFileObject {
  readonly kind: 'object';
  readonly position: Position;
  /** In the order of the file; keys differ. */
  readonly entries: readonly RulesFileEntry[];
}

export interface RulesFileEntry {
  readonly key: RulesFileString;
  readonly value: RulesFileNode;
}

export interface RulesFileArray {
  readonly kind: 'array';
  readonly position: Position;
  readonly items: readonly RulesFileNode[];
}

interface RulesFileScalar {
  readonly kind: 'scalar';
  readonly position: Position;
  readonly value: number | boolean | null;
}

/** Decoded text begins at `decoded` (an offset in it) where the file has `file`, and runs on unit by unit. */
export interface TextRun {
  readonly decoded: number;
  readonly file: number;
}

/** A string whose text knows where in the file each of its code units is written. */
export class RulesFileString {
  readonly kind = 'string';
  /** The opening quote. */
  readonly position: Position;
  /** With escapes decoded and raw line ends as they stand. */
  readonly text: string;
  readonly #runs: readonly TextRun[];
  readonly #lines: LineIndex;

  /** `runs` is in order, its first at the beginning of the text; each escape ends one. */
  constructor(
    text: string,
    runs: readonly TextRun[],
    source: { readonly position: Position; readonly lines: LineIndex },
  ) {
    this.text = text;
    this.position = source.position;
    this.#runs = runs;
    this.#lines = source.lines;
  }

  /** Where in the file the code unit at `decoded` is written; for the length of the text, its closing quote. O(log file). */
  positionAt(decoded: number): Position {
    let low = 0;
    let high = this.#runs.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#runs[middle]!.decoded <= decoded) low = middle;
      else high = middle;
    }
    const run = this.#runs[low]!;
    return this.#lines.positionOf(run.file + decoded - run.decoded);
  }
}
