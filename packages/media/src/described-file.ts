import { BacksideError } from '@backside/protocol';
import { type Path, readLeaf } from '@backside/tree';
import type { BlobRecord } from './blob-index.js';
import type { MediaContext } from './media-context.js';
import { type MediaNode, parseMediaNode } from './media-node.js';

const FIELDS = ['blob', 'name', 'type', 'size', 'hash', 'width', 'height'] as const;

/** A node, and the bytes that an upload gave it. */
export interface DescribedFile {
  readonly node: MediaNode;
  readonly record: BlobRecord;
}

/** What the node at `path` says of a file, without the rest of it; null if it describes none. Asks for no right. */
export function readMediaNode({ reader }: Pick<MediaContext, 'reader'>, path: Path): MediaNode | null {
  return parseMediaNode(Object.fromEntries(FIELDS.map((field) => [field, readLeaf(reader, [...path, field])])));
}

/**
 * The file that the node at `path` describes; null if there is none, also if somebody wrote there the name of bytes that were never
 * uploaded to this path. Asks for no right.
 */
export async function findFile(context: MediaContext, path: Path): Promise<DescribedFile | null> {
  const node = readMediaNode(context, path);
  if (node === null) return null;
  const record = await context.index.find(node.blob, path);
  return record === null ? null : { node, record };
}

/** Throws `invalid-path` for the root, which can be no file. */
export function assertFilePath(path: Path): void {
  if (path.length === 0) throw new BacksideError('invalid-path', 'the root cannot be a file');
}
