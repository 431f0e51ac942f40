import {
  type Change,
  formatPath,
  isPriorityPath,
  type Node,
  nodeReader,
  type Path,
  parsePath,
  readNode,
  SparseTree,
  UNLIMITED,
} from '@backside/tree';
import type { Filter } from 'mongodb';
import { request } from './mongo-error.js';
import { changeOf, contentOf, contentsOf, type NodeContent, nodeId } from './node-documents.js';
import type { NodeDocument, NodeTrace, ProjectionPlace } from './projection-place.js';

/** What the node at a path becomes; null if it is no leaf any more, and no map with a priority. */
export interface NodeWrite {
  readonly path: string;
  readonly content: NodeContent | null;
}

/** How much is asked for in one request: ids cost little, ranges more. */
const IDS_PER_REQUEST = 500;
const RANGES_PER_REQUEST = 50;
/** So many documents that the changes leave alone are read for each path rather than asking for that path alone. */
const OTHERS_PER_PATH = 4;

export interface AffectedOptions {
  readonly place: ProjectionPlace;
  readonly database: string;
}

/** What `changes` make of the stored nodes, which are the tree right before them: no more is read than they touch. */
export async function computeWrites(options: AffectedOptions, changes: readonly Change[]): Promise<NodeWrite[]> {
  const before = await loadAffected(options, changes);
  const after = contentsOf(applied(before, changes));
  const writes: NodeWrite[] = [];
  for (const [path, content] of after) {
    const known = before.get(path);
    const same = known !== undefined && sameContent(contentOf(known), content);
    if (!same) writes.push({ path, content });
  }
  for (const path of before.keys()) if (!after.has(path)) writes.push({ path, content: null });
  return writes;
}

/** Some of the documents of a tree, by path. */
type Documents = Map<string, NodeDocument>;
type Stored = NodeDocument | NodeTrace;

function applied(before: Documents, changes: readonly Change[]): Node {
  const empty = nodeReader(null);
  const start = new SparseTree();
  // Priorities last: there has to be something that has them.
  const known = Array.from(before.values(), changeOf).sort(
    (a, b) => Number(isPriorityPath(a.path)) - Number(isPriorityPath(b.path)),
  );
  for (const change of [...known, ...changes]) start.apply(change, empty);
  return readNode(start.over(empty), []);
}

function sameContent(a: NodeContent, b: NodeContent): boolean {
  return a.value === b.value && a.priority === b.priority;
}

/**
 * The stored nodes on which the outcome of the changes depends, or which they change: those above, at and below the changed paths, and
 * for every map whose priority is at stake one leaf that the changes leave alone, if there is any.
 */
async function loadAffected(options: AffectedOptions, changes: readonly Change[]): Promise<Documents> {
  const { database } = options;
  const targets = targetsOf(changes);
  const documents: Documents = new Map();
  const isTouched = touchedBy(targets);
  const ancestor = await loadTogether(options, documents, { paths: targets.replaced, isTouched });
  const isLoaded = (path: string): boolean => ancestor !== null && isBelow(path, ancestor);
  const named = [...new Set([...targets.above, ...targets.replaced])].filter((path) => !isLoaded(path));
  for (const paths of chunks(named, IDS_PER_REQUEST)) {
    await load(options, documents, { _id: { $in: paths.map((path) => nodeId(database, path)) } });
  }
  const open = targets.replaced.filter((path) => !isLoaded(path) && !isLeaf(documents.get(path)));
  for (const paths of chunks(open, RANGES_PER_REQUEST)) {
    await load(options, documents, { $or: paths.map((path) => ({ database, ...below(path) })) });
  }
  for (const path of targets.above) {
    const known = documents.get(path);
    const isAtStake = known === undefined ? targets.prioritised.has(path) : !isLeaf(known);
    if (isAtStake) await loadWitness(options, documents, { path, isTouched });
  }
  return documents;
}

function isLeaf(document: NodeDocument | undefined): boolean {
  return document !== undefined && contentOf(document).value !== null;
}

interface Targets {
  /** The replaced nodes, without those below another. */
  readonly replaced: readonly string[];
  /** The nodes that get a priority, and those above any changed node; without those at or below a replaced one. */
  readonly above: ReadonlySet<string>;
  readonly prioritised: ReadonlySet<string>;
}

function targetsOf(changes: readonly Change[]): Targets {
  const replaced = new Set<string>();
  const prioritised = new Set<string>();
  const lines: string[][] = [];
  for (const { path } of changes) {
    const isPriority = isPriorityPath(path);
    const line = lineOf(isPriority ? path.slice(0, -1) : path);
    lines.push(line);
    (isPriority ? prioritised : replaced).add(line.at(-1)!);
  }
  const above = new Set<string>();
  const roots = new Set<string>();
  for (const line of lines) {
    const root = line.findIndex((path) => replaced.has(path));
    if (root !== -1) roots.add(line[root]!);
    for (const path of root === -1 ? line : line.slice(0, root)) above.add(path);
  }
  return { replaced: [...roots], above, prioritised };
}

/** The paths from the root down to the node itself. */
function lineOf(path: Path): string[] {
  return Array.from({ length: path.length + 1 }, (_, length) => formatPath(path.slice(0, length)));
}

/** Whether a leaf is at or below a replaced node, or above a changed one. */
function touchedBy({ replaced, above }: Targets): (path: string) => boolean {
  const roots = new Set(replaced);
  return (path) => above.has(path) || lineOf(parsePath(path, UNLIMITED)).some((each) => roots.has(each));
}

type Where = Pick<Filter<NodeDocument>, 'path'>;

/** In the order of paths as text, what is below a node is together: `0` comes right after the slash. */
function below(path: string): Where {
  return { path: path === '/' ? { $gte: '/' } : { $gte: `${path}/`, $lt: `${path}0` } };
}

function isBelow(path: string, ancestor: string): boolean {
  return ancestor === '/' || path.startsWith(`${ancestor}/`);
}

/** The nearest node that all of these are below. */
function commonAncestor(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => parsePath(path, UNLIMITED));
  const shared = (length: number): boolean => others.every((other) => other[length] === first[length]);
  let length = 0;
  while (length < first.length - 1 && shared(length)) length += 1;
  return formatPath(first.slice(0, length));
}

/**
 * Loads what is at and below many paths with everything else that is below their common ancestor: one request where there is little
 * else. Returns that ancestor; null if there is a lot, and the paths are left to be asked for by themselves.
 */
async function loadTogether(
  { place, database }: AffectedOptions,
  documents: Documents,
  { paths, isTouched }: { paths: readonly string[]; isTouched: (path: string) => boolean },
): Promise<string | null> {
  if (paths.length <= RANGES_PER_REQUEST) return null;
  const ancestor = commonAncestor(paths);
  const filter: Filter<NodeDocument> = { database, ...below(ancestor) };
  let passedOver = 0;
  return request(async () => {
    for await (const document of place.nodes.find<NodeDocument>(filter as Filter<Stored>)) {
      if (isTouched(document.path)) documents.set(document.path, document);
      else if (++passedOver > paths.length * OTHERS_PER_PATH) return null;
    }
    return ancestor;
  });
}

async function load({ place }: AffectedOptions, documents: Documents, filter: Filter<NodeDocument>): Promise<void> {
  const found = await request(() => place.nodes.find<NodeDocument>(filter as Filter<Stored>).toArray());
  for (const document of found) if (document.path !== undefined) documents.set(document.path, document);
}

/**
 * A leaf below `path` that none of the changes touches: it keeps the map there from vanishing. The touched ones are passed over here:
 * a server takes no filter as long as a commit may be wide, and they are no more than have been loaded.
 */
async function loadWitness(
  options: AffectedOptions,
  documents: Documents,
  { path, isTouched }: { path: string; isTouched: (path: string) => boolean },
): Promise<void> {
  const { place, database } = options;
  const leaves: Filter<NodeDocument> = { database, ...below(path), value: { $exists: true } };
  const _id = await request(async () => {
    const found = place.nodes.find<NodeDocument>(leaves as Filter<Stored>, { projection: { path: 1 } });
    for await (const leaf of found) if (!isTouched(leaf.path)) return leaf._id;
    return null;
  });
  if (_id !== null) await load(options, documents, { _id });
}

function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
