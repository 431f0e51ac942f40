export { BigMap, type Glance, type PresentGlance } from './big-map.js';
export { applyChanges, type Change, orderAsOneStep } from './change.js';
export { diffNodes } from './diff.js';
export {
  arrayLength,
  encodeLeaf,
  encodeNode,
  type Format,
  nodeToJson,
} from './encode.js';
export { TreeError, type TreeErrorCode } from './error.js';
export { hashNode, matchesHash } from './hash.js';
export {
  type FromJsonOptions,
  type Json,
  nodeBytes,
  nodeFromJson,
} from './json.js';
export {
  compareKeys,
  integerKey,
  MAX_KEY,
  MIN_KEY,
  sortedKeys,
} from './key-order.js';
export { type KeyRange, keysInRange } from './key-range.js';
export { DEFAULT_LIMITS, type Limits, UNLIMITED } from './limits.js';
export {
  asPriority,
  childOf,
  countNodes,
  getAt,
  isMap,
  type Leaf,
  leafValue,
  MapNode,
  makeMap,
  type Node,
  nodesEqual,
  type PresentNode,
  type Priority,
  PriorityLeaf,
  priorityOf,
  setAt,
  withPriority,
} from './node.js';
export { normalizeChanges } from './normalize.js';
export {
  compareInOrder,
  compareValues,
  type IndexValue,
  indexValueOf,
  type Order,
  sortedEntries,
} from './order.js';
export {
  assertKey,
  commonPrefix,
  formatPath,
  isPrefix,
  isPriorityPath,
  isValidKey,
  type Path,
  PRIORITY_KEY,
  parsePath,
  samePath,
} from './path.js';
export { createPushIds } from './push-id.js';
export {
  applyQuery,
  type Bound,
  inRange,
  isDefaultQuery,
  keyRangeOf,
  type Query,
  queryEntries,
} from './query.js';
export { canonicalQuery, formatQuery, parseQuery } from './query-json.js';
export { readQuery } from './read-query.js';
export {
  hasChildren,
  nodeReader,
  outlineOf,
  readLeaf,
  readNode,
  readPriority,
  type TreeReader,
} from './reader.js';
export {
  containsServerValues,
  type ServerValueContext,
} from './server-value.js';
export { layered, SparseTree } from './sparse-tree.js';
export { parseUpdate, type UpdateOptions } from './update.js';
