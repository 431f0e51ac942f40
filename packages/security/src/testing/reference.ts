import { isMap, type Node, PriorityLeaf } from '@backside/tree';
import type { Binary, Call, Expression } from '../ast.js';

/** Everything that an expression can see, all of it whole. */
export interface World {
  readonly auth: unknown;
  readonly now: number;
  readonly wildcards: ReadonlyMap<string, string>;
  readonly before: Node;
  readonly after: Node;
  /** Of the data that the rule is evaluated at. */
  readonly location: readonly string[];
}

/** A run time error of the language. */
export class Failure extends Error {}

interface Snapshot {
  readonly tree: Node;
  readonly path: readonly string[];
}

const INNER = { inner: true };

/** The language by its definition: one syntax node at a time, snapshots as objects, errors as exceptions. Knows no `query`. */
export function evaluate(expression: Expression, world: World): unknown {
  const value = (part: Expression): unknown => evaluate(part, world);
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'variable':
      return variable(expression.name, world);
    case 'array':
      return expression.elements.map((element) => () => value(element));
    case 'regex':
      return new RegExp(expression.body, expression.flags);
    case 'unary':
      return expression.operator === '!' ? !value(expression.operand) : -number(value(expression.operand));
    case 'logical':
      return expression.operator === '&&' ? expression.operands.every(value) : expression.operands.some(value);
    case 'ternary':
      return value(expression.test) ? value(expression.whenTrue) : value(expression.whenFalse);
    case 'binary':
      return binary(expression, value(expression.left), value(expression.right));
    case 'member':
      if (expression.name === 'length') return text(value(expression.object)).length;
      return property(value(expression.object), expression.name);
    case 'index': {
      const object = value(expression.object);
      const key = value(expression.index);
      if (typeof key !== 'string' && typeof key !== 'number') throw new Failure('subscript');
      return property(object, String(key));
    }
    case 'call':
      return call(expression, value(expression.object), value);
  }
}

function variable(name: string, world: World): unknown {
  switch (name) {
    case 'auth':
      return world.auth;
    case 'now':
      return world.now;
    case 'root':
      return { tree: world.before, path: [] };
    case 'data':
      return { tree: world.before, path: world.location };
    case 'newData':
      return { tree: world.after, path: world.location };
    default:
      return world.wildcards.get(name);
  }
}

function binary({ operator }: Binary, a: unknown, b: unknown): unknown {
  switch (operator) {
    case '==':
      return a === b && a !== INNER;
    case '!=':
      return a !== b || a === INNER;
    case '+':
      if (typeof a === 'number' && typeof b === 'number') return a + b;
      return joinable(a) + joinable(b);
    case '-':
      return number(a) - number(b);
    case '*':
      return number(a) * number(b);
    case '/':
      return number(b) === 0 ? number(a) * Number.NaN : number(a) / number(b);
    case '%':
      return number(a) % number(b);
    default:
      return ordered(operator, a, b);
  }
}

function ordered(operator: '<' | '<=' | '>' | '>=', a: unknown, b: unknown): boolean {
  const numbers = typeof a === 'number' && typeof b === 'number';
  const texts = typeof a === 'string' && typeof b === 'string';
  if (!numbers && !texts) throw new Failure('order');
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

function call({ name, args }: Call, object: unknown, value: (part: Expression) => unknown): unknown {
  if (!isSnapshot(object)) return stringMethod(name, text(object), args.map(value));
  const argument = args[0] === undefined ? undefined : value(args[0]);
  switch (name) {
    case 'child':
      return below(object, argument);
    case 'hasChild':
      return nodeAt(below(object, argument)) !== null;
    case 'parent':
      if (object.path.length === 0) throw new Failure('parent');
      return { ...object, path: object.path.slice(0, -1) };
    case 'hasChildren':
      if (argument === undefined) return isMap(nodeAt(object));
      return (argument as (() => unknown)[]).every((element) => nodeAt(below(object, element())) !== null);
    default:
      return look(name, nodeAt(object));
  }
}

function look(name: string, node: Node): unknown {
  const leaf = node instanceof PriorityLeaf ? node.value : isMap(node) ? INNER : node;
  switch (name) {
    case 'val':
      return leaf;
    case 'exists':
      return node !== null;
    case 'getPriority':
      return typeof node === 'object' ? (node?.priority ?? null) : null;
    default:
      return typeof leaf === name.slice(2).toLowerCase();
  }
}

function stringMethod(name: string, receiver: string, args: readonly unknown[]): unknown {
  if (name === 'matches') return (args[0] as RegExp).test(receiver);
  const [first = '', second = ''] = args.map(text);
  switch (name) {
    case 'contains':
      return receiver.indexOf(first) !== -1;
    case 'beginsWith':
      return receiver.slice(0, first.length) === first;
    case 'endsWith':
      return first.length <= receiver.length && receiver.slice(receiver.length - first.length) === first;
    case 'replace':
      return first === '' ? receiver : receiver.split(first).join(second);
    case 'toLowerCase':
      return receiver.toLowerCase();
    default:
      return receiver.toUpperCase();
  }
}

function below({ tree, path }: Snapshot, relative: unknown): Snapshot {
  return { tree, path: [...path, ...text(relative).split('/').filter(Boolean)] };
}

function nodeAt({ tree, path }: Snapshot): Node {
  return path.reduce<Node>((node, key) => (isMap(node) ? (node.children.get(key) ?? null) : null), tree);
}

function isSnapshot(value: unknown): value is Snapshot {
  return typeof value === 'object' && value !== null && 'tree' in value && 'path' in value;
}

function property(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return null;
  if (Array.isArray(object)) return object.find((_, i) => String(i) === name) ?? null;
  return new Map(Object.entries(object)).get(name) ?? null;
}

function joinable(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Failure('sum');
  return String(value);
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Failure('string');
  return value;
}

function number(value: unknown): number {
  if (typeof value !== 'number') throw new Failure('number');
  return value;
}
