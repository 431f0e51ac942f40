import { BacksideError } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';

/** The layout that this program writes, and the newest that it reads. */
export const FORMAT_VERSION = 1;

/** A secondary index as the environment knows it. */
export interface StoredIndex {
  /** Never used again for another index. */
  readonly id: number;
  readonly definition: IndexDefinition;
  /** Whether it holds everything; until then it is kept up to date with changes but must not be read. */
  readonly complete: boolean;
}

/** What stands beside the data, changed in the same transactions, so that it always says what the data is. */
export interface Meta {
  readonly format: number;
  readonly epoch: string | null;
  /** The data is the state after this revision. */
  readonly revision: number;
  /** The id of the next map that is split, or of the next index. */
  readonly nextId: number;
  readonly indexes: readonly StoredIndex[];
}

export const NEW_META: Meta = { format: FORMAT_VERSION, epoch: null, revision: 0, nextId: 1, indexes: [] };

/** Throws `internal` if a newer program wrote the environment, or if the bytes are damaged. */
export function parseMeta(bytes: Uint8Array, directory: string): Meta {
  const meta = parseAnyMeta(bytes, directory);
  if (meta.format > FORMAT_VERSION) {
    const versions = `has format ${meta.format}, and this program reads formats up to ${FORMAT_VERSION}`;
    throw new BacksideError(
      'internal',
      `the replica in ${directory} ${versions}: use the newer program, or remove it to rebuild it`,
    );
  }
  return meta;
}

/** Also of a newer program, of which only the format is known. Throws `internal` if the bytes are damaged. */
export function parseAnyMeta(bytes: Uint8Array, directory: string): Meta {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as Meta;
  } catch (cause) {
    throw new BacksideError('internal', `the replica in ${directory} is damaged`, { cause });
  }
}
