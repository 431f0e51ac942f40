import { applyChanges, type Change, getAt, isMap, type Node, type Path } from '@backside/tree';
import type { Rule, RuleNode } from '../rule-node.js';
import { evaluate, Failure } from './reference.js';

/** An operation of somebody on a whole tree. */
export interface Situation {
  readonly auth: unknown;
  readonly now: number;
  readonly before: Node;
}

/** A read by its definition: any `.read` on the way. */
export function mayRead(root: RuleNode, path: Path, situation: Situation): boolean {
  const world = { ...situation, after: situation.before };
  return alongPath(root, path).some(({ node, location }) => holds(node.read, location, world));
}

/** A write by its definition: everything is applied, then each path is granted and validated by itself. */
export function mayWrite(root: RuleNode, changes: readonly Change[], situation: Situation): boolean {
  const world = { ...situation, after: applyChanges(situation.before, changes) };
  return changes.every(({ path }) => {
    const priorityOnly = path.at(-1) === '.priority';
    const target = priorityOnly ? path.slice(0, -1) : path;
    const places = alongPath(root, target);
    if (!places.some(({ node, location }) => holds(node.write, location, world))) return false;
    const written = priorityOnly ? [] : belowPath(places[target.length]?.node, target, world.after);
    return [...places, ...written].every(
      ({ node, location }) =>
        node.validate === null || getAt(world.after, location) === null || holds(node.validate, location, world),
    );
  });
}

interface RuledPlace {
  readonly node: RuleNode;
  readonly location: Path;
}

function alongPath(root: RuleNode, path: Path): RuledPlace[] {
  const places = [{ node: root, location: [] as Path }];
  let node: RuleNode | null = root;
  for (let i = 0; i < path.length; i++) {
    node = next(node, path[i] as string);
    if (node === null) break;
    places.push({ node, location: path.slice(0, i + 1) });
  }
  return places;
}

function belowPath(node: RuleNode | undefined, path: Path, tree: Node): RuledPlace[] {
  const data = getAt(tree, path);
  if (node === undefined || !isMap(data)) return [];
  return data.keys().flatMap((key) => {
    const child = next(node, key);
    const location = [...path, key];
    return child === null ? [] : [{ node: child, location }, ...belowPath(child, location, tree)];
  });
}

function next(node: RuleNode, key: string): RuleNode | null {
  return node.literals.get(key) ?? node.wildcard;
}

function holds(rule: Rule | null, location: Path, world: Situation & { readonly after: Node }): boolean {
  if (rule === null) return false;
  if (rule.expression === null) return rule.source === 'true';
  const names = rule.rulePath.split('/').slice(1, -1);
  const wildcards = new Map(names.map((name, i) => [name, location[i] as string]));
  try {
    return evaluate(rule.expression, { ...world, location, wildcards }) === true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
