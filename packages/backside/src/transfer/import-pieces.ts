import { formatPath, type Path } from '@backside/tree';
import type { ImportTarget, ImportWrite } from './import-target.js';
import type { Batch } from './json-pieces.js';
import { leavesOf, nestedValue, type Piece, updateBody } from './piece.js';
import type { Progress } from './progress.js';

export interface ImportPiecesOptions {
  readonly path: Path;
  /** Keep what the document does not name. */
  readonly merge: boolean;
  readonly target: ImportTarget;
  readonly progress: Progress;
}

/**
 * Writes a document, batch by batch, each a durable commit of its own; resolves with the last revision. Unless it merges,
 * the first commit replaces what was there. An error says how far it came.
 */
export async function importPieces(batches: AsyncIterable<Batch>, options: ImportPiecesOptions): Promise<number> {
  const { path, merge, target, progress } = options;
  let revision = 0;
  let commits = 0;
  let offset = 0;
  try {
    for await (const batch of batches) {
      const write = writeFor(batch.pieces, { merge, first: commits === 0 });
      if (write !== null) revision = await target.commit(path, write);
      commits += 1;
      offset = batch.offset;
      progress.advance(offset);
    }
    return revision;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${message}\n${remains(path, { commits, offset, revision })}`, { cause });
  }
}

/** The write that stores the pieces, or null if there is nothing to store. */
function writeFor(pieces: readonly Piece[], { merge, first }: { merge: boolean; first: boolean }): ImportWrite | null {
  const stored = merge ? [...leavesOf(pieces)] : pieces;
  const root = stored.find(({ keys }) => keys.length === 0);
  if (root) return { method: 'set', value: root.value };
  if (first && !merge) return { method: 'set', value: nestedValue(stored) };
  return stored.length === 0 ? null : { method: 'update', value: updateBody(stored) };
}

function remains(
  path: Path,
  { commits, offset, revision }: { commits: number; offset: number; revision: number },
): string {
  if (commits === 0) return `Nothing was written; ${formatPath(path)} is as it was.`;
  return (
    `The first ${offset} bytes of the file were written to ${formatPath(path)} in ${commits} commits up to revision ` +
    `${revision}, and stay there; the rest is missing.`
  );
}
