import { describe, expect, it } from 'vitest';
import { type RuleCase, runRuleCases } from './cases.js';
import { compileRules } from './compile-rules.js';
import { Coverage } from './coverage.js';

const RULES = { rules: { a: { '.read': 'auth != null', '.write': true, '.validate': 'newData.isString()' } } };

const caseOf = (fields: Partial<RuleCase>): RuleCase => ({
  name: 'a case',
  rules: RULES,
  data: null,
  auth: null,
  now: 0,
  op: { type: 'read', path: '/a' },
  expect: 'deny',
  ...fields,
});

describe('running cases', () => {
  it('tells for each what it came to', () => {
    const cases = [
      caseOf({ name: 'right' }),
      caseOf({ name: 'wrong', expect: 'allow' }),
      caseOf({ name: 'not loaded', rules: { rules: { '.read': 'nonsense' } }, expect: 'loaderror' }),
    ];
    expect(runRuleCases(cases).map(({ name, passed, expected, actual }) => [name, passed, expected, actual])).toEqual([
      ['right', true, 'deny', 'deny'],
      ['wrong', false, 'allow', 'deny'],
      ['not loaded', true, 'loaderror', 'loaderror'],
    ]);
  });

  it('explains what failed, and only that', () => {
    const [right, denied, refused, broken] = runRuleCases([
      caseOf({}),
      caseOf({ expect: 'allow' }),
      caseOf({ expect: 'allow', op: { type: 'write', path: '/a.b', value: 1 } }),
      caseOf({ expect: 'allow', rules: '{"rules": {".read": "auth"}}' }),
    ]);
    expect(right?.explanation).toBeNull();
    expect(denied?.explanation).toContain('/a/.read (');
    expect(refused?.explanation).toContain('no database takes this operation');
    expect(broken).toMatchObject({
      actual: 'loaderror',
      explanation: expect.stringContaining('/.read: the rule must be') as string,
    });
  });

  it('runs cases without rules against the given ones', () => {
    const { rules: _, ...without } = caseOf({ expect: 'allow' });
    const rules = compileRules('{"rules": {".read": true}}');
    expect(runRuleCases([without], { rules })).toMatchObject([{ passed: true }]);
    expect(() => runRuleCases([without])).toThrow(TypeError);
  });

  it('does not change what it is given', () => {
    const data = { a: 'x' };
    const write = caseOf({ data, op: { type: 'write', path: '/a', value: 'y' }, expect: 'allow' });
    expect(runRuleCases([write, write])).toMatchObject([{ passed: true }, { passed: true }]);
    expect(data).toEqual({ a: 'x' });
  });

  it('counts coverage over all cases of a document, and stops counting afterwards', () => {
    const rules = compileRules(JSON.stringify(RULES));
    const coverage = new Coverage();
    const { rules: _, ...without } = caseOf({});
    runRuleCases([without, without], { rules, coverage });
    runRuleCases([without], { rules });
    expect(coverage.report().rules.map(({ rulePath, counts }) => [rulePath, counts.false])).toEqual([
      ['/a/.read', 2],
      ['/a/.write', 0],
      ['/a/.validate', 0],
    ]);
  });
});
