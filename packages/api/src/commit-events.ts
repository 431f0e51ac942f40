import type { Commit } from '@backside/protocol';
import { type Change, commonPrefix, getAt, isPrefix, type Path } from '@backside/tree';
import { patchEvent, putEvent } from './event.js';
import type { ViewEvent } from './listener.js';

/** The commit's changes as seen from `path`: those at or below it as they are, one above it as the new node at `path`. */
export function changesWithin(path: Path, changes: readonly Change[]): readonly Change[] {
  const only = changes.length === 1 ? changes[0]! : null;
  if (only !== null && isPrefix(path, only.path)) return changes;
  const within: Change[] = [];
  for (const change of changes) {
    if (isPrefix(path, change.path)) within.push(change);
    else if (isPrefix(change.path, path)) {
      within.push({ path, value: getAt(change.value, path.slice(change.path.length)) });
    }
  }
  return within;
}

/** The events that one commit is for the views it touches; views that see the same event get the same object. */
export class CommitEvents {
  readonly #commit: Commit;
  readonly #resumed: boolean | null;
  #whole: ViewEvent | undefined;

  /** @param resumed true for a commit that a subscriber gets later, because it was away. */
  constructor(commit: Commit, resumed: boolean | null = null) {
    this.#commit = commit;
    this.#resumed = resumed;
  }

  /**
   * What the commit means for the view of everything at `path`: a `put` at the path that changed, or one `patch` at the
   * deepest path that all of its changes share. Null if it does not touch the view.
   */
  within(path: Path): ViewEvent | null {
    const changes = changesWithin(path, this.#commit.changes);
    if (changes.length === 0) return null;
    if (
      changes.length !== this.#commit.changes.length ||
      changes.some((change, i) => change !== this.#commit.changes[i])
    ) {
      return this.#event(changes);
    }
    this.#whole ??= this.#event(changes);
    return this.#whole;
  }

  #event(changes: readonly Change[]): ViewEvent {
    const { revision, headers } = this.#commit;
    const source = { revision, id: String(revision), headers, resumed: this.#resumed };
    if (changes.length === 1) return putEvent(changes[0]!, source);
    const base = changes.reduce<Path>((shared, change) => commonPrefix(shared, change.path), changes[0]!.path);
    return patchEvent(base, changes, source);
  }
}
