import type { Call, Expression } from './ast.js';
import type { Compilation } from './compilation.js';
import { type Frame, fail, type Run } from './frame.js';
import { pushSegments, segmentsOf } from './segments.js';
import type { TreeView } from './tree-view.js';
import { ERROR } from './value.js';

/** Where a snapshot is: so many keys of the operation's path, and then some more keys. */
export interface Place {
  readonly tree: 'before' | 'after';
  readonly depth: number;
  /** Known when the rules are loaded, or computed; then it may fail. */
  readonly keys: Keys;
}

export type Keys = readonly string[] | ComputedKeys;
type ComputedKeys = (frame: Frame) => readonly string[] | typeof ERROR;

/** A key, a slot of the operation's path, a text to be split at slashes, or one step up. */
type Part = string | number | Run | typeof UP;

const UP: unique symbol = Symbol('parent');

/**
 * The place of a chain such as `data.parent().child('members').child(auth.uid)`. As much of it as possible is worked out now:
 * constant texts are split, and steps up cancel what they undo.
 */
export function placeOf(compilation: Compilation, snapshot: Expression): Place {
  const parts: Part[] = [];
  let at = snapshot;
  while (at.kind === 'call') {
    parts.unshift(...partsOf(compilation, at));
    at = at.object;
  }
  if (at.kind !== 'variable') throw new Error(`a ${at.kind} is no snapshot`);
  const tree = at.name === 'newData' ? 'after' : 'before';
  return simplified(tree, at.name === 'root' ? 0 : compilation.depth, parts);
}

/** The view of the tree that a place belongs to. */
export function viewOf(frame: Frame, place: Place): TreeView {
  return place.tree === 'before' ? frame.before : frame.after;
}

export function keysIn(frame: Frame, keys: Keys): readonly string[] | typeof ERROR {
  return typeof keys === 'function' ? keys(frame) : keys;
}

/** What one argument of `child`, `hasChild` or `hasChildren` adds to a path. */
export function argumentParts(compilation: Compilation, argument: Expression): (string | number | Run)[] {
  if (argument.kind === 'literal' && typeof argument.value === 'string') return segmentsOf(argument.value);
  return [compilation.slotOf(argument) ?? compilation.compile(argument)];
}

/** The place of `parts` below `place`. */
export function below(place: Place, parts: readonly (string | number | Run)[]): Place {
  const { tree, depth, keys } = place;
  if (typeof keys !== 'function') return simplified(tree, depth, [...keys, ...parts]);
  const rest = keysFrom(parts);
  if (typeof rest !== 'function') return { tree, depth, keys: joined(keys, () => rest) };
  return { tree, depth, keys: joined(keys, rest) };
}

function partsOf(compilation: Compilation, call: Call): Part[] {
  return call.name === 'parent' ? [UP] : argumentParts(compilation, call.args[0] as Expression);
}

function simplified(tree: Place['tree'], start: number, parts: readonly Part[]): Place {
  const kept: Part[] = [];
  let depth = start;
  for (const part of parts) {
    const last = kept[kept.length - 1];
    if (part !== UP) kept.push(part);
    else if (typeof last === 'string' || typeof last === 'number') kept.pop();
    else if (kept.length > 0) kept.push(UP);
    else if (depth > 0) depth--;
    else return { tree, depth: 0, keys: aboveRoot };
  }
  if (!kept.includes(UP)) return { tree, depth, keys: keysFrom(kept as (string | number | Run)[]) };
  return { tree, depth: 0, keys: climbing(depth, kept) };
}

/** The keys that the parts stand for, one after the other. */
export function keysFrom(parts: readonly (string | number | Run)[]): Keys {
  if (parts.every((part) => typeof part === 'string')) return parts;
  return (frame) => {
    const keys: string[] = [];
    for (const part of parts) if (!pushPart(frame, keys, part)) return ERROR;
    return keys;
  };
}

/** A step up after a computed text may leave it, so that the path is computed from the root. */
function climbing(depth: number, parts: readonly Part[]): Keys {
  return (frame) => {
    const keys = frame.path.slice(0, depth);
    for (const part of parts) {
      if (part !== UP) {
        if (!pushPart(frame, keys, part)) return ERROR;
      } else if (keys.pop() === undefined) return aboveRoot(frame);
    }
    return keys;
  };
}

function pushPart(frame: Frame, keys: string[], part: string | number | Run): boolean {
  if (typeof part === 'string') keys.push(part);
  else if (typeof part === 'number') keys.push(frame.path[part] as string);
  else {
    const text = part(frame);
    if (typeof text !== 'string') {
      if (text !== ERROR) fail(frame, 'a child path must be a string');
      return false;
    }
    pushSegments(keys, text);
  }
  return true;
}

function joined(first: ComputedKeys, rest: ComputedKeys): ComputedKeys {
  return (frame) => {
    const above = first(frame);
    if (above === ERROR) return ERROR;
    const more = rest(frame);
    return more === ERROR ? ERROR : [...above, ...more];
  };
}

function aboveRoot(frame: Frame): typeof ERROR {
  return fail(frame, 'parent() of the root');
}
