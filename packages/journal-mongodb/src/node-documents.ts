import { BacksideError } from '@backside/protocol';
import {
  type Change,
  formatPath,
  isMap,
  type Leaf,
  leafValue,
  type Node,
  type Path,
  PRIORITY_KEY,
  type Priority,
  PriorityLeaf,
  parsePath,
  priorityOf,
  UNLIMITED,
} from '@backside/tree';
import type { NodeDocument } from './projection-place.js';

/** What a document says of a node: a leaf, or without `value` a map with a priority. */
export interface NodeContent {
  readonly value: Leaf | null;
  readonly priority: Priority;
}

export function nodeId(database: string, path: string): string {
  return `${database}:${path}`;
}

/** Every leaf at and below a node, and every map that has a priority, by its path. */
export function contentsOf(node: Node): Map<string, NodeContent> {
  const contents = new Map<string, NodeContent>();
  collect(contents, [], node);
  return contents;
}

function collect(contents: Map<string, NodeContent>, path: Path, node: Node): void {
  if (node === null) return;
  const priority = priorityOf(node);
  const value = leafValue(node);
  if (value !== null || priority !== null) contents.set(formatPath(path), { value, priority });
  if (!isMap(node)) return;
  for (const [key, child] of node.children) collect(contents, [...path, key], child);
}

/** The document of one node. */
export function nodeDocument(
  place: { readonly database: string; readonly path: string; readonly revision: number },
  { value, priority }: NodeContent,
): NodeDocument {
  const { database, path, revision } = place;
  const slash = path.lastIndexOf('/');
  return {
    _id: nodeId(database, path),
    database,
    path,
    parent: path === '/' ? null : path.slice(0, slash) || '/',
    key: path.slice(slash + 1),
    ...(value !== null && storedValue(value)),
    priority,
    revision,
  };
}

/** With the `u` flag this finds what has no other half. */
const HALF_PAIR = /\p{Surrogate}/gu;

/** BSON has no half of a surrogate pair. */
function storedValue(value: Leaf): Pick<NodeDocument, 'value' | 'json'> {
  if (typeof value !== 'string') return { value };
  const wellFormed = value.replace(HALF_PAIR, '\ufffd');
  return wellFormed === value ? { value } : { value: wellFormed, json: JSON.stringify(value) };
}

export function contentOf({ value, json, priority }: NodeDocument): NodeContent {
  return { value: json === undefined ? (value ?? null) : parseText(json), priority };
}

/** The change from the empty tree that a document stands for. */
export function changeOf(document: NodeDocument): Change {
  const path = parsePath(document.path, UNLIMITED);
  const { value, priority } = contentOf(document);
  if (value === null) return { path: [...path, PRIORITY_KEY], value: priority };
  return { path, value: priority === null ? value : new PriorityLeaf(value, priority) };
}

function parseText(json: string): string {
  const text: unknown = JSON.parse(json);
  if (typeof text === 'string') return text;
  throw new BacksideError('internal', 'a stored string cannot be read');
}
