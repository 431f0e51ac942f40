import { BacksideError } from '@backside/protocol';
import { isValidKey, type Path } from '@backside/tree';

/** The nodes that functions watch: keys, and `{names}` that each stand for any key. */
export interface Pattern {
  /** As it was written. */
  readonly text: string;
  /** Equal for patterns that name the same nodes, whatever their names are called; a key of a tree. */
  readonly id: string;
  /** From the root down; null stands for any key. */
  readonly segments: readonly (string | null)[];
  /** In the order of the nulls. */
  readonly names: readonly string[];
}

/** A shadow lies so deep at most below the place of its pattern. */
const MAX_NAMES = 20;

const WILDCARD = /^\{(\w+)\}$/;

/** Throws `invalid-path`, saying why. */
export function parsePattern(text: string): Pattern {
  const pieces = text.split('/').filter((piece) => piece !== '');
  if (!text.startsWith('/') || pieces.length === 0) throw refusal(text, 'it begins with / and names something');
  const names: string[] = [];
  const segments = pieces.map((piece) => {
    const name = WILDCARD.exec(piece)?.[1];
    if (name === undefined) return assertLiteral(piece, text);
    if (names.includes(name)) throw refusal(text, `{${name}} stands in it twice`);
    names.push(name);
    return null;
  });
  const id = idOf(segments);
  if (names.length > MAX_NAMES || !isValidKey(id)) throw refusal(text, 'it is too long');
  return { text, id, segments, names };
}

function assertLiteral(piece: string, text: string): string {
  if (/[{}]/.test(piece) || !isValidKey(piece))
    throw refusal(text, `${JSON.stringify(piece)} is neither a key nor a {name}`);
  return piece;
}

function refusal(text: string, reason: string): BacksideError {
  return new BacksideError('invalid-path', `${JSON.stringify(text)} is no pattern: ${reason}`);
}

/** Nothing that `encodeURIComponent` leaves as it is holds `>`, `{` or what a key may not hold; a literal never looks like a wildcard. */
function idOf(segments: readonly (string | null)[]): string {
  return segments.map((segment) => (segment === null ? '{}' : encodeURIComponent(segment))).join('>');
}

/**
 * What stands for the wildcards among the first keys of `path`, as far as path and pattern both go; null if they disagree. A path that is
 * shorter than the pattern lies above the nodes that it names, a longer one inside of one.
 */
export function bindKeys(pattern: Pattern, path: Path): string[] | null {
  const keys: string[] = [];
  const length = Math.min(pattern.segments.length, path.length);
  for (let index = 0; index < length; index++) {
    const segment = pattern.segments[index] as string | null;
    if (segment === null) keys.push(path[index] as string);
    else if (segment !== path[index]) return null;
  }
  return keys;
}

/** The path of the node that `keys`, one for each wildcard, stand for. */
export function pathOf(pattern: Pattern, keys: readonly string[]): Path {
  let next = 0;
  return pattern.segments.map((segment) => segment ?? (keys[next++] as string));
}

export function paramsOf(pattern: Pattern, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(pattern.names.map((name, index) => [name, keys[index] as string]));
}

/** The path down to the first wildcard: all nodes that the pattern names lie there or below. */
export function literalStart(pattern: Pattern): Path {
  const wildcard = pattern.segments.indexOf(null);
  return (wildcard === -1 ? pattern.segments : pattern.segments.slice(0, wildcard)) as Path;
}
