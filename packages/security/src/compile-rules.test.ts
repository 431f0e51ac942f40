import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { RulesError, type RulesProblem } from './problem.js';
import * as any from './testing/arbitraries.js';

function problemsOf(source: string): readonly RulesProblem[] {
  try {
    compileRules(source);
  } catch (error) {
    expect(error).toBeInstanceOf(RulesError);
    return (error as RulesError).problems;
  }
  return [];
}

describe('problems', () => {
  it('are all told, each with its place in the file and in the expression', () => {
    const source = `{
  // Rooms
  "rules": {
    "rooms": {
      "$room": {
        ".read": "auth.uid = 1",
        ".write": "auth != null &&
                   data.child('owner').val()",
        ".red": true
      },
      "$other": {}
    }
  }
}`;
    expect(problemsOf(source)).toEqual([
      {
        ...{ severity: 'error', code: 'second-wildcard', message: 'a second wildcard at one place' },
        ...{ rulePath: '/rooms/$other', line: 11, column: 7, offset: null },
        hint: '$room matches every key already: merge the two',
      },
      {
        ...{ severity: 'error', code: 'syntax', message: '= is not part of the language' },
        ...{ rulePath: '/rooms/$room/.read', line: 6, column: 28, offset: 9, hint: 'to compare, write ==' },
      },
      {
        ...{ severity: 'error', code: 'type', rulePath: '/rooms/$room/.write', line: 8, column: 20, offset: 35 },
        message: 'an operand of && must be a boolean, not a value of unknown type',
        hint: 'compare it: x == true, or x != null',
      },
      {
        ...{ severity: 'error', code: 'unknown-rule', message: 'there is no rule .red' },
        ...{ rulePath: '/rooms/$room/.red', line: 9, column: 9, offset: null },
        hint: 'there are .read .write .validate .indexOn',
      },
    ]);
  });

  it('are the lines of the message', () => {
    expect(() => compileRules('{"rules": {".read": 1, ".validate": "tru"}}')).toThrow(
      '1:21 /.read: .read must be true, false or an expression in quotes\n' +
        '1:38 /.validate: there is no variable tru (put quotes around text)',
    );
  });

  it.each([
    ['[]', 'structure'],
    ['{}', 'structure'],
    ['{"rules": {}, "more": {}}', 'structure'],
    ['{"rules": []}', 'structure'],
    ['{"rules": {"a": null}}', 'structure'],
    ['{"rules": {".read": null}}', 'structure'],
    ['{"rules": {".priority": true}}', 'unknown-rule'],
    ['{"rules": {"": {}}}', 'key'],
    ['{"rules": {"a/b": {}}}', 'key'],
    ['{"rules": {"$": {}}}', 'key'],
    ['{"rules": {"$a-b": {}}}', 'key'],
    ['{"rules": {"$a": {"b": {"$a": {}}}}}', 'shadowed-wildcard'],
    ['{"rules": {".indexOn": ""}}', 'index'],
    ['{"rules": {".indexOn": ["a", ".priority"]}}', 'index'],
    ['{"rules": {".indexOn": "$k"}}', 'index'],
    ['{"rules": {".indexOn": {"a": true}}}', 'index'],
    ['{"rules": {"a": {}, "a": {}}}', 'duplicate-key'],
    ['{"rules": {}', 'syntax'],
  ])('%s: %s', (source, code) => {
    expect(problemsOf(source)).toMatchObject([{ code, severity: 'error' }]);
  });

  it('end after a hundred', () => {
    const wrong = Array.from({ length: 1000 }, (_, i) => `"a${i}": {".read": 1}`);
    expect(problemsOf(`{"rules": {${wrong.join()}}}`)).toHaveLength(100);
  });
});

it('the same wildcard name may stand in separate branches', () => {
  expect(problemsOf('{"rules": {"a": {"$k": {}}, "b": {"$k": {}}}}')).toEqual([]);
});

it('indexes are listed with their patterns', () => {
  const { indexes } = compileRules(`{"rules": {
    ".indexOn": ".value",
    "users": {".indexOn": ["age", "name/last", "age"], "$user": {"posts": {".indexOn": []}, "tags": {".indexOn": "at"}}}
  }}`);
  expect(new Set(indexes)).toEqual(
    new Set([
      { pattern: [], by: 'value' },
      { pattern: ['users'], by: ['age'] },
      { pattern: ['users'], by: ['name', 'last'] },
      { pattern: ['users', '$user', 'tags'], by: ['at'] },
    ]),
  );
});

it('the source is kept byte for byte', () => {
  const source = '/* mine */ {"rules": {".read": true}} // end';
  expect(compileRules(source).source).toBe(source);
});

it('rules that cannot change are known when they are loaded', () => {
  const { root } = compileRules(`{"rules": {".read": "1 < 2", ".write": "'a' + 1 == 'a2'", ".validate": "now > 0"}}`);
  expect([root.read?.constant, root.write?.constant, root.validate?.constant]).toEqual([true, false, null]);
});

describe('hostile files', () => {
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}{}${'}'.repeat(depth)}`;

  it.each([
    ['deeply nested rules', `{"rules": ${nested(100_000)}}`],
    ['deeply nested indexes', `{"rules": {".indexOn": ${'['.repeat(100_000)}}`],
    ['more than a megabyte', `{"rules": {}}${' '.repeat(1_048_576)}`],
    ['a huge repeat', '{"rules": {".read": "auth.x.matches(/((a{1000}){1000}){1000}/)"}}'],
  ])('%s are refused', (_what, source) => {
    expect(problemsOf(source)).toHaveLength(1);
  });

  it('rules as deep as they may be load and decide', () => {
    const { root } = compileRules(`{"rules": ${nested(190)}}`);
    expect(root.literals.get('a')?.literals.has('a')).toBe(true);
  });

  it('very many children and wildcards are read in linear time', () => {
    const many = Array.from({ length: 60_000 }, (_, i) => `"k${i}":{}`).join();
    expect(compileRules(`{"rules": {${many}}}`).root.literals.size).toBe(60_000);
    const wildcards = Array.from({ length: 60_000 }, (_, i) => `"$k${i}":{}`).join();
    expect(problemsOf(`{"rules": {${wildcards}}}`)).toHaveLength(100);
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    ...[
      "'",
      '"',
      '/',
      '\\',
      '(',
      ')',
      '[',
      ']',
      '.',
      ',',
      '?',
      ':',
      '!',
      '-',
      '+',
      '*',
      '%',
      '&&',
      '||',
      '==',
      '<',
      '=',
    ],
    ...[
      'auth',
      'data',
      'newData',
      'root',
      'query',
      'now',
      '$k',
      'null',
      'true',
      '1',
      '.5',
      "'a'",
      ' ',
      '\n',
      '\u2028',
      '😀',
    ],
    ...[
      '.val()',
      '.child(',
      '.exists()',
      '.parent()',
      '.hasChildren([',
      '.matches(/',
      '/)',
      '.length',
      '.uid',
      '{',
      '}',
      '^',
      '$',
    ],
  );

  it('is an expression that loads, or gives a RulesError', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        for (const { offset } of problemsOf(JSON.stringify({ rules: { $k: { '.validate': parts.join('') } } }))) {
          expect(offset).toBeLessThanOrEqual(parts.join('').length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('is a file that loads, or gives a RulesError', () => {
    const parts = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"rules"', '".read"', '".indexOn"', '"a"', '"$k"', '"__proto__"', '"toString"'],
      ...['true', 'null', '1', '"true"', '"auth.uid == $k"', '//', '\n', '/*', '*/', '"', '\\', '{"rules":{', '}}'],
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 30 }), (text) => {
        problemsOf(text.join(''));
        problemsOf(`{"rules":{${text.join('')}}}`);
      }),
      { numRuns: 3000 },
    );
  });

  it('never makes evaluation throw, whatever stands in the claims', () => {
    const rule = any.expression({ snapshots: ['data'], wildcards: ['$k'] });
    fc.assert(
      fc.property(rule, fc.object({ key: any.key }), any.key, (expression, token, key) => {
        const source = JSON.stringify({ rules: { $k: { '.read': expression } } });
        if (problemsOf(source).length > 0) return;
        const root = { glance: () => null, children: () => [] };
        const check = { auth: { uid: key, provider: key, token }, path: [key], query: null, root, now: 0 };
        const rules = compileRules(source);
        expect(rules.explainRead(check).allowed).toBe(rules.read(check));
      }),
      { numRuns: 1000 },
    );
  });
});
