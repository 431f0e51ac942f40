import type { Commit } from '@backside/protocol';
import { treeEntries } from '@backside/store';
import {
  BigMap,
  type Change,
  isMap,
  isPriorityPath,
  leafValue,
  nodeReader,
  outlineOf,
  priorityOf,
  SparseTree,
  type TreeReader,
} from '@backside/tree';
import { ancestorsOf, changeOf, type NodeRow, pathOf, pathText, rowOf } from './node-row.js';
import type { NodesTable, RevisedRow, StoredNode } from './nodes-table.js';
import { type PathRange, rangesBetween } from './path-range.js';

/** Changes that are taken together at most, unless a single commit has more. */
const MAX_CHANGES = 2_000;

const EMPTY: TreeReader = nodeReader(null);

/** Brings the rows from the state before the commits to the state after them. */
export async function projectCommits(table: NodesTable, commits: readonly Commit[]): Promise<void> {
  for (let start = 0; start < commits.length; ) {
    let end = start;
    for (let count = 0; end < commits.length && count < MAX_CHANGES; end++) count += commits[end]!.changes.length;
    await new Step(commits.slice(start, end)).project(table);
    start = end;
  }
}

/**
 * One step over the rows. It loads of the tree what decides how the changes act: what stands at the changed paths and above them,
 * and, where the priority of a map hangs on whether the map is empty, one leaf that stays as it is. Then the tree package says what the
 * changes make of it.
 */
class Step {
  readonly #changes: readonly Change[];
  /** The changed nodes, and the last revision that changed each. */
  readonly #touched: Map<string, number> = new Map();
  /** The same, of those that get another value, and not just another priority. */
  readonly #replaced: Map<string, number> = new Map();
  readonly #above: Set<string> = new Set();

  readonly #last: number;

  constructor(commits: readonly Commit[]) {
    this.#last = commits.at(-1)!.revision;
    this.#changes = commits.flatMap(({ changes }) => changes);
    for (const { changes, revision } of commits) {
      for (const { path } of changes) this.#note(path, revision);
    }
  }

  #note(path: readonly string[], revision: number): void {
    const node = pathText(isPriorityPath(path) ? path.slice(0, -1) : path);
    this.#touched.set(node, revision);
    if (!isPriorityPath(path)) this.#replaced.set(node, revision);
    for (const above of ancestorsOf(node)) {
      if (this.#above.has(above)) break;
      this.#above.add(above);
    }
  }

  async project(table: NodesTable): Promise<void> {
    const stored = await table.at([...new Set([...this.#touched.keys(), ...this.#above])]);
    const before = await this.#load(table, stored);
    const overlay = new SparseTree();
    for (const change of this.#changes) overlay.apply(change, before);
    const after = overlay.over(before);
    const tops = [...this.#replaced.keys()].filter((path) => !this.#isBelowReplaced(path));
    await table.deleteBelow(tops.filter((path) => isMapAt(before, path)));
    await this.#writeOutline(table, stored, after);
    await table.insert(this.#rowsBelow(tops, after));
  }

  async #load(table: NodesTable, stored: readonly StoredNode[]): Promise<TreeReader> {
    const isLeaf = new Map(stored.map(({ path, value }) => [path, value !== null]));
    const maybeMaps = [...new Set([...this.#touched.keys(), ...isLeaf.keys()])].filter((path) => !isLeaf.get(path));
    const leaves = await table.leavesIn(this.#untouchedBelow(maybeMaps));
    const tree = new SparseTree();
    const rows: NodeRow[] = [
      ...leaves.map((path) => ({ path, value: true, priority: null })),
      ...stored.filter(({ value }) => value !== null),
      ...stored.filter(({ value }) => value === null),
    ];
    for (const row of rows) tree.apply(changeOf(row), EMPTY);
    return tree.over(EMPTY);
  }

  /** What is below each of the paths, but not at or below a changed node that is below it too. */
  *#untouchedBelow(paths: readonly string[]): Generator<PathRange, undefined> {
    const changed = new Map<string, string[]>(paths.map((path) => [path, []]));
    for (const path of this.#touched.keys()) {
      for (const above of ancestorsOf(path)) {
        changed.get(above)?.push(path);
        if (this.#touched.has(above)) break;
      }
    }
    for (const [top, left] of changed) yield* rangesBetween(top, left);
  }

  /** Writes the rows of the changed nodes and of those above, but not of what is below a replaced one. */
  async #writeOutline(table: NodesTable, stored: readonly StoredNode[], after: TreeReader): Promise<void> {
    const rows = new Map(stored.map((row) => [row.path, row]));
    const inserts: RevisedRow[] = [];
    const updates: (RevisedRow & StoredNode)[] = [];
    const deletes: StoredNode[] = [];
    for (const path of new Set([...this.#touched.keys(), ...this.#above])) {
      if (this.#isBelowReplaced(path)) continue;
      const [old, row] = [rows.get(path), outlineAt(after, path)];
      if (row === null) {
        if (old !== undefined) deletes.push(old);
      } else if (old === undefined) {
        inserts.push({ ...row, revision: this.#revisionOf(path) });
      } else if (this.#touched.has(path) || old.value !== row.value || old.priority !== row.priority) {
        updates.push({ ...row, id: old.id, revision: this.#revisionOf(path) });
      }
    }
    if (deletes.length > 0) await table.delete(deletes);
    await table.update(updates);
    await table.insert(inserts);
  }

  *#rowsBelow(tops: readonly string[], after: TreeReader): Generator<RevisedRow, undefined> {
    for (const top of tops) {
      if (!isMapAt(after, top)) continue;
      for (const entries of treeEntries(after, pathOf(top))) {
        for (const row of entries.map(rowOf)) {
          if (row.path !== top) yield { ...row, revision: this.#revisionOf(row.path) };
        }
      }
    }
  }

  #isBelowReplaced(path: string): boolean {
    for (const above of ancestorsOf(path)) if (this.#replaced.has(above)) return true;
    return false;
  }

  /** The last revision that set the node, its priority or something above; a leaf that got children has that of the step. */
  #revisionOf(path: string): number {
    let revision = this.#touched.get(path) ?? 0;
    for (const above of ancestorsOf(path)) revision = Math.max(revision, this.#replaced.get(above) ?? 0);
    return revision > 0 ? revision : this.#last;
  }
}

function isMapAt(reader: TreeReader, path: string): boolean {
  const node = outlineOf(reader, pathOf(path));
  return node instanceof BigMap || isMap(node);
}

/** The row of the node itself; null if there is no node, or a map without a priority. */
function outlineAt(reader: TreeReader, path: string): NodeRow | null {
  const node = outlineOf(reader, pathOf(path));
  if (node instanceof BigMap || isMap(node))
    return node.priority === null ? null : { path, value: null, priority: node.priority };
  return node === null ? null : { path, value: leafValue(node), priority: priorityOf(node) };
}
