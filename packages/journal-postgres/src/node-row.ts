import {
  type Change,
  formatPath,
  isPriorityPath,
  type Leaf,
  leafValue,
  type Path,
  PRIORITY_KEY,
  type Priority,
  PriorityLeaf,
  parsePath,
  priorityOf,
  UNLIMITED,
} from '@backside/tree';
import { INDEXED_CHARACTERS } from './schema.js';

/** A row of `nodes`: a leaf, or, without a value, the priority of a map. */
export interface NodeRow {
  /** As `pathText` has it. */
  readonly path: string;
  readonly value: Leaf | null;
  readonly priority: Priority;
}

/** A path as it is stored: a slash before every key, so that whatever is below `path` begins with `path/`; the root is empty. */
export function pathText(path: Path): string {
  return path.length === 0 ? '' : formatPath(path);
}

export function pathOf(text: string): Path {
  return parsePath(text, UNLIMITED);
}

/** What is indexed of a path. */
export function indexedPart(text: string): string {
  if (text.length <= INDEXED_CHARACTERS) return text;
  return Array.from(text.slice(0, 2 * INDEXED_CHARACTERS))
    .slice(0, INDEXED_CHARACTERS)
    .join('');
}

/** The path of the parent; the root is its own. */
export function parentText(text: string): string {
  return text.slice(0, Math.max(0, text.lastIndexOf('/')));
}

/** The paths above, from the parent up to the root. */
export function* ancestorsOf(text: string): Generator<string, undefined> {
  for (let path = text; path !== ''; ) {
    path = parentText(path);
    yield path;
  }
}

/** The change that makes the row of nothing; priorities of maps after their children. */
export function changeOf({ path, value, priority }: NodeRow): Change {
  if (value === null) return { path: [...pathOf(path), PRIORITY_KEY], value: priority };
  return { path: pathOf(path), value: priority === null ? value : new PriorityLeaf(value, priority) };
}

/** The row of an entry of a tree. */
export function rowOf({ path, value }: Change): NodeRow {
  if (isPriorityPath(path)) return { path: pathText(path.slice(0, -1)), value: null, priority: value as Priority };
  return { path: pathText(path), value: leafValue(value), priority: priorityOf(value) };
}
