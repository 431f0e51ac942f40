import { BigMap, type Glance, isMap, PriorityLeaf } from '@backside/tree';
import type { ArrayLiteral, Call, Expression } from './ast.js';
import type { Compilation } from './compilation.js';
import type { Frame, Run, Watcher } from './frame.js';
import { argumentParts, below, keysFrom, keysIn, type Place, placeOf, viewOf } from './place.js';
import { ERROR, INNER, type Value } from './value.js';

const READERS: ReadonlyMap<string, (glance: Glance) => Value> = new Map<string, (glance: Glance) => Value>([
  ['val', leafOf],
  ['exists', exists],
  ['hasChild', exists],
  ['hasChildren', isInner],
  ['getPriority', (glance) => (typeof glance === 'object' && glance !== null ? glance.priority : null)],
  ['isString', (glance) => typeof leafOf(glance) === 'string'],
  ['isNumber', (glance) => typeof leafOf(glance) === 'number'],
  ['isBoolean', (glance) => typeof leafOf(glance) === 'boolean'],
]);

/**
 * A method that looks at a snapshot. The chain of `child` and `parent` before it becomes one walk over nodes; no snapshot is ever
 * made.
 */
export function compileSnapshotCall(compilation: Compilation, call: Call): Run {
  const plain = placeOf(compilation, call.object);
  const place = compilation.watched ? reporting(call.object, plain) : plain;
  const argument = call.args[0];
  if (argument?.kind === 'array') return compileHasAll(compilation, place, argument);
  const target = argument === undefined ? place : below(place, argumentParts(compilation, argument));
  return compileLook(target, READERS.get(call.name) as (glance: Glance) => Value);
}

function compileLook(place: Place, read: (glance: Glance) => Value): Run {
  const { depth, keys, tree } = place;
  if (typeof keys === 'function') {
    return (frame) => {
      const found = keys(frame);
      return found === ERROR ? ERROR : read(viewOf(frame, place).look(depth, found));
    };
  }
  return tree === 'before' ? lookBefore(depth, keys, read) : lookAfter(depth, keys, read);
}

/** Most looks are `val` and `exists` at constant keys: these save a call. */
function lookBefore(depth: number, keys: readonly string[], read: (glance: Glance) => Value): Run {
  if (read === leafOf) return (frame) => leafOf(frame.before.look(depth, keys));
  if (read === exists) return (frame) => frame.before.look(depth, keys) !== null;
  return (frame) => read(frame.before.look(depth, keys));
}

function lookAfter(depth: number, keys: readonly string[], read: (glance: Glance) => Value): Run {
  if (read === leafOf) return (frame) => leafOf(frame.after.look(depth, keys));
  if (read === exists) return (frame) => frame.after.look(depth, keys) !== null;
  return (frame) => read(frame.after.look(depth, keys));
}

/** From left to right up to the first that is missing or fails. */
function compileHasAll(compilation: Compilation, place: Place, list: ArrayLiteral): Run {
  const items = list.elements.map((element) => keysFrom(argumentParts(compilation, element)));
  return (frame) => {
    const above = keysIn(frame, place.keys);
    if (above === ERROR) return ERROR;
    const view = viewOf(frame, place);
    for (const item of items) {
      const keys = keysIn(frame, item);
      if (keys === ERROR) return ERROR;
      const path = above.length === 0 ? keys : [...above, ...keys];
      if (view.look(place.depth, path) === null) return false;
    }
    return true;
  };
}

/** The same place, which also tells the watcher each path that it stands for. */
function reporting(snapshot: Expression, place: Place): Place {
  const { depth } = place;
  const keys = (frame: Frame): readonly string[] | typeof ERROR => {
    const found = keysIn(frame, place.keys);
    if (found !== ERROR) (frame.watcher as Watcher).place(snapshot, [...frame.path.slice(0, depth), ...found]);
    return found;
  };
  return { ...place, keys };
}

function leafOf(glance: Glance): Value {
  if (typeof glance !== 'object' || glance === null) return glance;
  return glance instanceof PriorityLeaf ? glance.value : INNER;
}

function exists(glance: Glance): boolean {
  return glance !== null;
}

function isInner(glance: Glance): boolean {
  return isMap(glance) || glance instanceof BigMap;
}
