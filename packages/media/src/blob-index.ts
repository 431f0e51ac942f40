import { createHash } from 'node:crypto';
import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { formatPath, type Json, type Path, parsePath } from '@backside/tree';

/** Bytes that were stored, under a new name. */
export interface StoredBytes {
  readonly blob: string;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly size: number;
}

/** What the index knows of a blob, and of the node that refers to it. */
export interface BlobRecord {
  readonly hash: string;
  readonly size: number;
  /** When the bytes were last uploaded to that node, in milliseconds since the epoch. */
  readonly claimed: number;
}

/** That a node refers, or is about to refer, to a blob. */
export interface Claim {
  /** The blob with these bytes: the new one, or one that was there. */
  readonly blob: string;
  readonly path: Path;
  /** Null if the node had claimed the same bytes before, so that taking this claim back would take that one's. */
  readonly token: string | null;
}

export interface Reference {
  readonly key: string;
  readonly path: Path;
  /** When it was claimed, in milliseconds since the epoch. */
  readonly at: number;
  readonly stored: Json;
}

const MAX_ATTEMPTS = 8;

/**
 * Which node refers to which blob, and which blob has which bytes. Every step is atomic and safe beside the same step on other nodes:
 * a blob that is given up loses its hash in the same commit, so that whoever uploads the same bytes afterwards makes a new one.
 */
export class BlobIndex {
  readonly #tree: PrivateTree;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  /** Notes that the node at `path` refers to these bytes. */
  async claim(bytes: StoredBytes, path: Path, by: { readonly token: string; readonly now: number }): Promise<Claim> {
    for (let attempt = 1; ; attempt++) {
      const known = this.#tree.read(['hashes', bytes.hash]);
      const blob = typeof known === 'string' ? known : bytes.blob;
      const reference = ['blobs', blob, 'references', referenceKey(path)];
      const before = this.#tree.read(reference);
      const value = { path: formatPath(path), at: by.now, token: by.token };
      const changes = blob === bytes.blob ? this.#newBlob(bytes, { path, value }) : [{ path: reference, value }];
      try {
        await this.#tree.update(changes, [
          { path: ['hashes', bytes.hash], value: known },
          { path: reference, value: before },
        ]);
        return { blob, path, token: before === null ? by.token : null };
      } catch (error) {
        if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
        await this.#tree.refresh();
      }
    }
  }

  #newBlob({ blob, hash, size }: StoredBytes, first: { path: Path; value: Json }) {
    const references = { [referenceKey(first.path)]: first.value };
    return [
      { path: ['blobs', blob], value: { hash, size, references } },
      { path: ['hashes', hash], value: blob },
    ];
  }

  /** Takes a claim back, unless the node has claimed the same bytes before or since. */
  async release({ blob, path, token }: Claim): Promise<void> {
    if (token === null) return;
    const place = ['blobs', blob, 'references', referenceKey(path)];
    await this.#unlessConflict([{ path: place, value: null }], [{ path: [...place, 'token'], value: token }]);
  }

  /** Forgets a reference as it was read; resolves with false if it has been claimed anew since. */
  forget(blob: string, { key, stored }: Reference): Promise<boolean> {
    const place = ['blobs', blob, 'references', key];
    return this.#unlessConflict([{ path: place, value: null }], [{ path: place, value: stored }]);
  }

  /** Gives a blob up if nothing refers to it: from then on it is doomed. Resolves with whether it is. */
  async doom(blob: string, now: number): Promise<boolean> {
    const hash = this.#tree.read(['blobs', blob, 'hash']);
    if (typeof hash !== 'string') return false;
    return this.#unlessConflict(
      [
        { path: ['blobs', blob], value: null },
        { path: ['hashes', hash], value: null },
        { path: ['doomed', blob], value: now },
      ],
      [
        { path: ['blobs', blob, 'references'], value: null },
        { path: ['hashes', hash], value: blob },
      ],
    );
  }

  /** Says that the bytes of a doomed blob are gone. */
  async buried(blob: string): Promise<void> {
    await this.#tree.update([{ path: ['doomed', blob], value: null }]);
  }

  doomed(): string[] {
    return this.#tree.keys(['doomed']);
  }

  /** The blob, if the node at `path` was given it by an upload; asks the other nodes before it says no. */
  async find(blob: string, path: Path): Promise<BlobRecord | null> {
    const found = this.#lookUp(blob, path);
    if (found !== null) return found;
    await this.#tree.refresh();
    return this.#lookUp(blob, path);
  }

  #lookUp(blob: string, path: Path): BlobRecord | null {
    const place = ['blobs', blob];
    const reference = [...place, 'references', referenceKey(path)];
    if (this.#tree.read([...reference, 'path']) !== formatPath(path)) return null;
    const hash = this.#tree.read([...place, 'hash']);
    const size = this.#tree.read([...place, 'size']);
    const claimed = this.#tree.read([...reference, 'at']);
    if (typeof hash !== 'string' || typeof size !== 'number' || typeof claimed !== 'number') return null;
    return { hash, size, claimed };
  }

  has(blob: string): boolean {
    return this.#tree.read(['blobs', blob, 'hash']) !== null;
  }

  /** The names of at most `limit` blobs that come after one, in order. */
  blobs(after: string | undefined, limit: number): string[] {
    return this.#tree.keys(['blobs'], { after, limit });
  }

  *references(blob: string): Generator<Reference> {
    for (const key of this.#tree.keys(['blobs', blob, 'references'])) {
      const stored = this.#tree.read(['blobs', blob, 'references', key]);
      if (stored === null || typeof stored !== 'object' || Array.isArray(stored)) continue;
      const { path, at } = stored;
      if (typeof path === 'string' && typeof at === 'number') yield { key, path: parsePath(path), at, stored };
    }
  }

  /** Which installation the stored blobs belong to; made with `fresh` when nobody has asked before. */
  async owner(fresh: string): Promise<string> {
    await this.#unlessConflict([{ path: ['owner'], value: fresh }], [{ path: ['owner'], value: null }]);
    await this.#tree.refresh();
    const owner = this.#tree.read(['owner']);
    if (typeof owner !== 'string') throw new BacksideError('internal', 'the owner of the blobs is not known');
    return owner;
  }

  /** Makes what other nodes have done visible. */
  refresh(): Promise<void> {
    return this.#tree.refresh();
  }

  async #unlessConflict(
    changes: Parameters<PrivateTree['update']>[0],
    expect: Parameters<PrivateTree['update']>[1],
  ): Promise<boolean> {
    try {
      await this.#tree.update(changes, expect);
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof BacksideError && error.code === 'precondition-failed';
}

/** Paths are longer than keys may be. */
function referenceKey(path: Path): string {
  return createHash('sha256').update(formatPath(path)).digest('base64url');
}
