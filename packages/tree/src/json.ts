import { TreeError } from './error.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { type Leaf, MapNode, type Node, type PresentNode, type Priority, PriorityLeaf } from './node.js';
import { keyProblem, type Path, PRIORITY_KEY } from './path.js';
import { resolveServerValue, type ServerValueContext } from './server-value.js';
import { exceedsBytes, utf8Length } from './utf8.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface FromJsonOptions {
  /** Default `DEFAULT_LIMITS`; `UNLIMITED` for data that was checked before. */
  readonly limits?: Limits;
  /** How many keys are above the value in the tree; counted towards `maxDepth`. */
  readonly depth?: number;
  /** Without it, server values are refused. */
  readonly serverValues?: ServerValueContext;
}

/**
 * The node that JSON data describes. `null`, `{}` and `[]` are absence; an array is a map with decimal keys; `.value` and
 * `.priority` are unwrapped; server values are resolved. Any own enumerable key is data, `__proto__` included.
 *
 * Throws `invalid-data` for what no tree can hold (NaN, functions, dates, invalid keys, `.value` beside children …) and `too-large`
 * beyond a limit; nesting of any depth is refused without overflowing the stack.
 */
export function nodeFromJson(json: unknown, options: FromJsonOptions = {}): Node {
  const { limits = DEFAULT_LIMITS, depth = 0, serverValues = null } = options;
  const { node, bytesAtMost } = readJson(json, { limits, depth, serverValues, above: [] });
  assertWriteSize([node], bytesAtMost, limits);
  return node;
}

/** `FromJsonOptions` for one value of several. */
interface PlaceOptions {
  readonly limits: Limits;
  readonly depth: number;
  readonly serverValues: ServerValueContext | null;
  /** The keys from where `serverValues` counts its paths down to the value. */
  readonly above: Path;
}

/** As `nodeFromJson`, but the size of the whole is left to the caller; `bytesAtMost` is no less than it. */
export function readJson(json: unknown, options: PlaceOptions): { node: Node; bytesAtMost: number } {
  const { limits, depth, serverValues, above } = options;
  if (depth > limits.maxDepth) throw tooDeep(limits);
  const reading: Reading = { limits, serverValues, keys: above.slice(), bytesAtMost: 0 };
  return { node: read(reading, json, depth), bytesAtMost: reading.bytesAtMost };
}

/** Throws `too-large` if the nodes together exceed `limits.maxWriteBytes`; counts only if `bytesAtMost` leaves room for doubt. */
export function assertWriteSize(nodes: readonly Node[], bytesAtMost: number, limits: Limits): void {
  if (bytesAtMost <= limits.maxWriteBytes) return;
  if (nodes.reduce((bytes: number, node) => bytes + nodeBytes(node), 0) <= limits.maxWriteBytes) return;
  throw new TreeError('too-large', `a write of more than ${limits.maxWriteBytes} bytes`);
}

/** The size that `Limits.maxWriteBytes` bounds. */
export function nodeBytes(node: Node): number {
  if (node === null) return 0;
  if (typeof node !== 'object') return typeof node === 'string' ? utf8Length(node) : 8;
  let bytes = nodeBytes(node.priority);
  if (node instanceof PriorityLeaf) return bytes + nodeBytes(node.value);
  for (const [key, child] of node.children) bytes += utf8Length(key) + nodeBytes(child);
  return bytes;
}

interface Reading {
  readonly limits: Limits;
  readonly serverValues: ServerValueContext | null;
  /** The keys from where `serverValues` counts its paths down to where reading is. */
  readonly keys: string[];
  /** No fewer than `nodeBytes` of what was read so far. */
  bytesAtMost: number;
}

function read(reading: Reading, json: unknown, depth: number): Node {
  if (json === null) return null;
  if (typeof json !== 'object') return readLeaf(reading, json);
  return Array.isArray(json) ? readArray(reading, json, depth) : readObject(reading, json as RawObject, depth);
}

type RawObject = Readonly<Record<string, unknown>>;

function readLeaf(reading: Reading, json: unknown): Leaf {
  switch (typeof json) {
    case 'string':
      if (exceedsBytes(json, reading.limits.maxLeafBytes)) {
        throw new TreeError('too-large', `a string of more than ${reading.limits.maxLeafBytes} bytes`);
      }
      reading.bytesAtMost += json.length * 3;
      return json;
    case 'number':
      if (!Number.isFinite(json)) throw new TreeError('invalid-data', `${json} cannot be stored`);
      reading.bytesAtMost += 8;
      return json === 0 ? 0 : json;
    case 'boolean':
      reading.bytesAtMost += 8;
      return json;
    default:
      throw new TreeError('invalid-data', `a value of type ${typeof json} cannot be stored`);
  }
}

function readArray(reading: Reading, list: readonly unknown[], depth: number): Node {
  const children = new Map<string, PresentNode>();
  for (let i = 0; i < list.length; i++) {
    if (i in list) readChild(reading, children, { key: String(i), json: list[i], depth });
  }
  return children.size === 0 ? null : new MapNode(children);
}

function readObject(reading: Reading, object: RawObject, depth: number): Node {
  // A Date or a Map has nothing where others have their children.
  if (typeof object.toJSON === 'function' || Symbol.iterator in object) {
    throw new TreeError('invalid-data', 'not a plain object');
  }
  const children = new Map<string, PresentNode>();
  let priority: Priority = null;
  let wrapped = false;
  let named = false;
  for (const key of Object.keys(object)) {
    if (key.charCodeAt(0) !== 0x2e) {
      named = true;
      const problem = keyProblem(key, reading.limits);
      if (problem !== null) throw new TreeError('invalid-data', problem);
      readChild(reading, children, { key, json: object[key], depth });
    } else if (key === PRIORITY_KEY) {
      priority = readPriority(reading, object[key]);
    } else if (key === '.value' || key === '.sv') {
      wrapped = true;
    } else {
      throw new TreeError('invalid-data', 'a key that begins with a dot');
    }
  }
  if (!wrapped) return children.size === 0 ? null : new MapNode(children, priority);
  if (named) throw new TreeError('invalid-data', 'a value beside children');
  const leaf = readWrapped(reading, object);
  return leaf === null || priority === null ? leaf : new PriorityLeaf(leaf, priority);
}

function readChild(
  reading: Reading,
  children: Map<string, PresentNode>,
  child: { key: string; json: unknown; depth: number },
): void {
  const { limits, serverValues, keys } = reading;
  if (child.depth >= limits.maxDepth) throw tooDeep(limits);
  if (serverValues !== null) keys.push(child.key);
  const node = read(reading, child.json, child.depth + 1);
  if (serverValues !== null) keys.pop();
  if (node === null) return;
  reading.bytesAtMost += child.key.length * 3;
  children.set(child.key, node);
}

/** What `{".value": leaf}` or `{".sv": operation}` holds. `.value` takes a server value too, so that it can have a priority. */
function readWrapped(reading: Reading, object: RawObject): Leaf | null {
  const server = Object.hasOwn(object, '.sv');
  if (!Object.hasOwn(object, '.value')) return readServerValue(reading, object['.sv'], reading.keys);
  if (server) throw new TreeError('invalid-data', 'both .value and .sv');
  const value = object['.value'];
  if (value === null) return null;
  if (typeof value !== 'object') return readLeaf(reading, value);
  if (isServerValue(value)) return readServerValue(reading, value['.sv'], reading.keys);
  throw new TreeError('invalid-data', '.value is no leaf');
}

function readPriority(reading: Reading, json: unknown): Priority {
  if (json === null) return null;
  const leaf = isServerValue(json)
    ? readServerValue(reading, json['.sv'], [...reading.keys, PRIORITY_KEY])
    : typeof json !== 'object' && readLeaf(reading, json);
  if (typeof leaf === 'boolean') throw new TreeError('invalid-data', 'a priority is a number, a string or null');
  return leaf;
}

function isServerValue(json: unknown): json is { readonly '.sv': unknown } {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, '.sv') && Object.keys(json).length === 1;
}

function readServerValue(reading: Reading, operation: unknown, path: readonly string[]): Leaf {
  if (reading.serverValues === null) throw new TreeError('invalid-data', 'a server value here');
  reading.bytesAtMost += 8;
  return resolveServerValue(operation, reading.serverValues, path.slice());
}

function tooDeep(limits: Limits): TreeError {
  return new TreeError('too-large', `deeper than ${limits.maxDepth} keys`);
}
