import type { RuleNode } from '@backside/security';
import { both, childrenIn, type Facts, factsBelow, NO_FACTS } from './facts.js';
import { factsOfTruth } from './truth.js';

/** What the validators of a rules file let a place be. */
export type Shape = LeafShape | MapShape | FreeShape;

interface LeafShape {
  readonly kind: 'leaf';
  /** Never empty; see `LeafTypes`. */
  readonly types: readonly string[];
}

export interface MapShape {
  readonly kind: 'map';
  readonly named: readonly NamedChild[];
  readonly wildcard: { readonly name: string; readonly shape: Shape } | null;
}

interface NamedChild {
  readonly key: string;
  readonly required: boolean;
  readonly shape: Shape;
}

/** Anything. */
interface FreeShape {
  readonly kind: 'free';
}

/** The shape of the place that a node of the rules is about, and of all below. */
export function shapeOf(root: RuleNode): Shape {
  return placeShape(root, NO_FACTS) ?? { kind: 'free' };
}

/** `told` is what rules above say of the place. Null if nothing can be there. */
function placeShape(node: RuleNode | null, told: Facts): Shape | null {
  const facts = both(told, ownFacts(node));
  if (facts === null) return null;
  const named = namedChildren(node, facts);
  const types = [...(facts.get('')?.types ?? [])];
  if (types.length > 0 && !named.some(({ required }) => required)) return { kind: 'leaf', types };
  const wildcard = node?.wildcard ? placeShape(node.wildcard, NO_FACTS) : null;
  if (named.length === 0 && wildcard === null) return { kind: 'free' };
  return {
    kind: 'map',
    named,
    wildcard: wildcard === null ? null : { name: node!.wildcard!.pattern.at(-1)!, shape: wildcard },
  };
}

function ownFacts(node: RuleNode | null): Facts | null {
  const rule = node?.validate ?? null;
  if (rule === null || rule.constant === true) return NO_FACTS;
  return rule.constant === false || rule.expression === null ? null : factsOfTruth(rule.expression);
}

/** The children that have rules of their own or are spoken of; the wildcard's rules are for those that no other rule is for. */
function namedChildren(node: RuleNode | null, facts: Facts): NamedChild[] {
  const keys = new Set([...(node?.literals.keys() ?? []), ...childrenIn(facts)]);
  return Array.from(keys).flatMap((key) => {
    const told = factsBelow(facts, key);
    const shape = placeShape(node?.literals.get(key) ?? node?.wildcard ?? null, told);
    return shape === null ? [] : [{ key, required: isRequired(told), shape }];
  });
}

/** What holds something that must be there must be there. */
function isRequired(told: Facts): boolean {
  return Array.from(told.values()).some(({ required }) => required);
}
