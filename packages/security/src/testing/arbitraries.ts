import { type Change, makeMap, type Node, normalizeChanges, type Path, withPriority } from '@backside/tree';
import fc from 'fast-check';

/** Keys that meet often, with some that a careless map would take for its own. */
const KEYS: readonly string[] = ['a', 'b', 'c', '__proto__', 'constructor', 'toString'];

export const key: fc.Arbitrary<string> = fc.constantFrom('a', 'a', 'a', 'b', 'b', ...KEYS);
export const path: fc.Arbitrary<Path> = fc.array(key, { maxLength: 4 });

const leaf = fc.constantFrom<string | number | boolean>(
  '',
  'a',
  'a',
  'b',
  'a/b',
  'constructor',
  0,
  1,
  2.5,
  true,
  false,
);
const priority = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom(1, 'p') },
);

/** A tree at most three levels deep, often null. */
export const node: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc
    .tuple(
      fc.oneof(
        { maxDepth: 3 },
        fc.oneof(fc.constant(null), leaf),
        fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }).map((entries) => makeMap(entries)),
      ),
      priority,
    )
    .map(([value, order]) => withPriority(value, order)),
})).node;

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ path, value: node }) },
  { weight: 1, arbitrary: fc.record({ path: path.map((above) => [...above, '.priority']), value: priority }) },
);

/** One change, or several of disjoint paths as one step. */
export const changes: fc.Arbitrary<Change[]> = fc
  .array(change, { minLength: 1, maxLength: 4 })
  .map((list) => normalizeChanges(list));

const claims = fc.dictionary(key, fc.oneof(leaf, fc.constant(null), fc.array(leaf, { maxLength: 2 })));

export const auth: fc.Arbitrary<{ uid: string; provider: string; token: Record<string, unknown> } | null> = fc.option(
  fc.record({ uid: key, provider: fc.constant('p'), token: claims }),
);

type Texts = Record<'boolean' | 'number' | 'string' | 'value' | 'fuzzy' | 'snapshot' | 'any', string>;

/** The text of an expression, well typed nearly always, over the given variables. */
export function expression(variables: {
  snapshots: readonly string[];
  wildcards: readonly string[];
}): fc.Arbitrary<string> {
  const { snapshots, wildcards } = variables;
  const operands = [...wildcards, 'auth.uid', "'a'"];
  const atoms = snapshots.flatMap((name) => [
    `${name}.exists()`,
    ...operands.map((other) => `${name}.val() == ${other}`),
  ]);
  return fc.letrec<Texts>((tie) => {
    const of = (text: (parts: string[]) => string, ...parts: (keyof Texts)[]): fc.Arbitrary<string> =>
      fc.tuple(...parts.map((part) => tie(part))).map((made) => text(made as string[]));
    const some = (type: keyof Texts, ...shapes: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
      fc.oneof({ maxDepth: 4, depthIdentifier: type }, ...shapes);
    return {
      boolean: some(
        'boolean',
        fc.constantFrom('true', 'false', 'auth != null', ...atoms),
        of(([a, b]) => `${a} == ${b}`, 'value', 'value'),
        of(([a, b]) => `(${a}) != (${b})`, 'value', 'boolean'),
        of(([a, b, c]) => `${a} && (${b} || ${c})`, 'boolean', 'boolean', 'boolean'),
        of(([a, b, c]) => `${a} || ${b} || ${c}`, 'boolean', 'boolean', 'boolean'),
        of(([a]) => `!(${a})`, 'boolean'),
        of(([a, b, c]) => `(${a} ? ${b} : ${c})`, 'boolean', 'boolean', 'boolean'),
        of(([a, b]) => `${a} < ${b}`, 'number', 'number'),
        of(([a, b]) => `${a} >= ${b}`, 'string', 'string'),
        fc.tuple(tie('snapshot'), snapshotTest(tie('string'))).map(([a, test]) => `${a}${test}`),
        fc.tuple(tie('string'), stringTest(tie('string'))).map(([a, test]) => `(${a})${test}`),
      ),
      number: some(
        'number',
        fc.constantFrom('0', '1', '2.5', 'now', '-1'),
        of(([a, b]) => `(${a} - ${b})`, 'number', 'fuzzy'),
        of(([a, b]) => `${a} / ${b}`, 'number', 'number'),
        of(([a, b]) => `${a} * -${b} % 3`, 'number', 'fuzzy'),
        of(([a]) => `(${a}).length`, 'string'),
      ),
      string: some(
        'string',
        fc.constantFrom("''", "'a'", "'a/b'", "'/constructor//a/'", "'.priority'", ...wildcards),
        of(([a, b]) => `${a} + ${b}`, 'string', 'string'),
        of(([a, b]) => `(${a} + ${b})`, 'string', 'fuzzy'),
        of(([a, b, c]) => `(${a}).replace(${b}, ${c})`, 'string', 'string', 'string'),
        of(([a]) => `(${a}).toUpperCase()`, 'string'),
      ),
      value: some(
        'value',
        fc.constantFrom('null', "'a'"),
        of(([a]) => `${a}`, 'fuzzy'),
        of(([a]) => `(${a})`, 'number'),
        of(([a]) => `(${a})`, 'string'),
      ),
      fuzzy: some(
        'fuzzy',
        fc.constantFrom('auth.uid', 'auth.token.constructor', 'auth.none'),
        of(([a]) => `${a}.val()`, 'snapshot'),
        of(([a]) => `${a}.getPriority()`, 'snapshot'),
        of(([a]) => `${a}`, 'any'),
        of(([a, b, c]) => `(${a} ? ${b} : ${c})`, 'boolean', 'string', 'number'),
      ),
      any: some(
        'any',
        fc.constantFrom('auth.uid', 'auth.token'),
        of(([a, b]) => `${a}[${b}]`, 'any', 'string'),
        of(([a]) => `${a}.toString`, 'any'),
        of(([a]) => `${a}[0]`, 'any'),
      ),
      snapshot: some(
        'snapshot',
        fc.constantFrom('root', ...snapshots),
        of(([a]) => `${a}.child('a')`, 'snapshot'),
        of(([a, b]) => `${a}.child(${b})`, 'snapshot', 'string'),
        of(([a, b]) => `${a}['child'](${b})`, 'snapshot', 'any'),
        of(([a]) => `${a}.parent()`, 'snapshot'),
      ),
    };
  }).boolean;
}

function snapshotTest(string: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom('.exists()', '.hasChildren()', '.isString()', '.isNumber()', '.isBoolean()'),
    string.map((argument) => `.hasChild(${argument})`),
    fc
      .array(fc.oneof(string, fc.constant('auth.uid')), { minLength: 1, maxLength: 3 })
      .map((list) => `.hasChildren([${list}])`),
  );
}

function stringTest(string: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const methods = fc.constantFrom('contains', 'beginsWith', 'endsWith');
  return fc.oneof(
    fc.tuple(methods, string).map(([method, argument]) => `.${method}(${argument})`),
    fc.constantFrom('.matches(/a/)', '.matches(/^a+$/i)', '.matches(/[^a-c]|o.s/)'),
  );
}
