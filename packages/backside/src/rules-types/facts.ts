/**
 * Types of a leaf: `string`, `number`, `boolean`, and literals as JSON. Empty if all that is known is that the type stays what it was,
 * which says nothing on its own.
 */
export type LeafTypes = ReadonlySet<string>;

/** What is known of one place. */
interface Fact {
  /** Null if nothing is known, or it is no leaf. */
  readonly types: LeafTypes | null;
  /** Whether there must be something. */
  readonly required: boolean;
}

/** What is known of places, by their keys from one place on; the place itself is `''`, a grandchild `'a/b'`. */
export type Facts = ReadonlyMap<string, Fact>;

export const NO_FACTS: Facts = new Map();

export function typeFact(path: string, types: LeafTypes): Facts {
  return new Map([[path, { types, required: true }]]);
}

export function requiredFact(path: string): Facts {
  return new Map([[path, { types: null, required: true }]]);
}

/** What holds if both hold; null stands for what cannot hold. */
export function both(one: Facts | null, other: Facts | null): Facts | null {
  if (one === null || other === null) return null;
  const joined = new Map(one);
  for (const [path, fact] of other) {
    const known = joined.get(path);
    joined.set(path, known === undefined ? fact : bothFacts(known, fact));
  }
  return joined;
}

function bothFacts(one: Fact, other: Fact): Fact {
  return { types: narrower(one.types, other.types), required: one.required || other.required };
}

/** What holds if either holds; null stands for what cannot hold. */
export function either(one: Facts | null, other: Facts | null): Facts | null {
  if (one === null || other === null) return one ?? other;
  const common = new Map<string, Fact>();
  for (const [path, fact] of one) {
    const match = other.get(path);
    if (match !== undefined) common.set(path, eitherFact(fact, match));
  }
  return common;
}

function eitherFact(one: Fact, other: Fact): Fact {
  const types = one.types === null || other.types === null ? null : new Set([...one.types, ...other.types]);
  return { types, required: one.required && other.required };
}

/** A type that both allow; `'on'` is narrower than `string`. What contradicts itself says nothing. */
function narrower(one: LeafTypes | null, other: LeafTypes | null): LeafTypes | null {
  if (one === null || one.size === 0) return other ?? one;
  if (other === null || other.size === 0) return one;
  const within = (some: LeafTypes, all: LeafTypes): string[] =>
    [...some].filter((type) => all.has(type) || all.has(baseOf(type)));
  return new Set([...within(one, other), ...within(other, one)]);
}

/** `string` of `"on"`. */
export function baseOf(type: string): string {
  if (type.startsWith('"')) return 'string';
  if (type === 'true' || type === 'false') return 'boolean';
  return /^-?\d/.test(type) ? 'number' : type;
}

/** What is known from a child on. */
export function factsBelow(facts: Facts, key: string): Facts {
  const below = new Map<string, Fact>();
  for (const [path, fact] of facts) {
    if (path === key) below.set('', fact);
    else if (path.startsWith(`${key}/`)) below.set(path.slice(key.length + 1), fact);
  }
  return below;
}

/** The children of which something is known, in the order in which it was said. */
export function childrenIn(facts: Facts): string[] {
  const keys = Array.from(facts.keys(), (path) => path.split('/')[0]!);
  return [...new Set(keys)].filter((key) => key !== '');
}
