import type { Call, Expression } from './ast.js';
import type { Compilation } from './compilation.js';
import { type Frame, fail, type Run } from './frame.js';
import type { LinearRegex } from './regex/compile-regex.js';
import { failTooLong, MAX_TEXT_LENGTH } from './text-limit.js';
import { ERROR, type Value } from './value.js';

/** `length` in code units. */
export function compileLength(object: Run): Run {
  return (frame) => {
    const value = object(frame);
    if (typeof value === 'string') return value.length;
    return value === ERROR ? ERROR : fail(frame, 'length needs a string');
  };
}

/** A method of a string. Whatever else it is called on, or given, fails. */
export function compileStringCall(compilation: Compilation, call: Call): Run {
  const object = compilation.compile(call.object);
  const { name, args } = call;
  switch (name) {
    case 'matches':
      return compileMatches(object, compilation.regexes.get(args[0] as Expression) as LinearRegex);
    case 'replace':
      return compileReplace(
        object,
        compilation.compile(args[0] as Expression),
        compilation.compile(args[1] as Expression),
      );
    case 'toLowerCase':
      return onString(object, name, (text) => text.toLowerCase());
    case 'toUpperCase':
      return onString(object, name, (text) => text.toUpperCase());
    default:
      return compileSearch(object, name, compilation.compile(args[0] as Expression));
  }
}

function compileMatches(object: Run, regex: LinearRegex): Run {
  return (frame) => {
    const text = object(frame);
    if (typeof text !== 'string') return notString(frame, text, 'matches');
    return regex.testWithin(text, frame) ?? fail(frame, 'matches() takes too long on this text');
  };
}

function onString(object: Run, name: string, apply: (text: string) => Value): Run {
  return (frame) => {
    const text = object(frame);
    return typeof text === 'string' ? apply(text) : notString(frame, text, name);
  };
}

const SEARCHES: ReadonlyMap<string, (text: string, part: string) => boolean> = new Map([
  ['contains', (text: string, part: string) => text.includes(part)],
  ['beginsWith', (text: string, part: string) => text.startsWith(part)],
  ['endsWith', (text: string, part: string) => text.endsWith(part)],
]);

function compileSearch(object: Run, name: string, argument: Run): Run {
  const search = SEARCHES.get(name) as (text: string, part: string) => boolean;
  return (frame) => {
    const text = object(frame);
    if (typeof text !== 'string') return notString(frame, text, name);
    const part = argument(frame);
    return typeof part === 'string' ? search(text, part) : notString(frame, part, name);
  };
}

/** Every occurrence, both sides literal. Replacing the empty string leaves the text as it is. */
function compileReplace(object: Run, search: Run, replacement: Run): Run {
  return (frame) => {
    const text = object(frame);
    if (typeof text !== 'string') return notString(frame, text, 'replace');
    const from = search(frame);
    if (typeof from !== 'string') return notString(frame, from, 'replace');
    const to = replacement(frame);
    if (typeof to !== 'string') return notString(frame, to, 'replace');
    return from === '' ? text : replaceAll(frame, text, { from, to });
  };
}

function replaceAll(frame: Frame, text: string, { from, to }: { from: string; to: string }): Value {
  if (to.length > from.length && (text.length / from.length) * to.length > MAX_TEXT_LENGTH) return failTooLong(frame);
  return text.replaceAll(from, to.replaceAll('$', '$$$$'));
}

function notString(frame: Frame, value: Value, name: string): typeof ERROR {
  return value === ERROR ? ERROR : fail(frame, `${name}() needs strings`);
}
