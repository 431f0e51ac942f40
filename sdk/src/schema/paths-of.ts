import { assertKey } from '@backside/tree';
import type { Filled, PatternOf, WildcardNames } from './path-of.js';

/** Makes a path of a pattern and a key for each wildcard of it. */
export type PathMaker<Schema> = <Pattern extends PatternOf<Schema>>(
  pattern: Pattern,
  keys: { readonly [Name in WildcardNames<Pattern>]: string },
) => Filled<Pattern>;

/**
 * Paths by their patterns, which an editor can complete:
 *
 * ```ts
 * const path = pathsOf<Schema>();
 * db.get(path('/users/$uid/age', { uid }));
 * ```
 *
 * Unlike a template, a key with a slash or another character that no key may have is refused, with `invalid-key`.
 */
export function pathsOf<Schema>(): PathMaker<Schema> {
  return fill as PathMaker<Schema>;
}

function fill(pattern: string, keys: Readonly<Record<string, string>>): string {
  return pattern.replaceAll(/\/\$([^/]*)/g, (_match, name: string) => {
    const key = Object.hasOwn(keys, name) ? keys[name]! : '';
    assertKey(key);
    return `/${key}`;
  });
}
