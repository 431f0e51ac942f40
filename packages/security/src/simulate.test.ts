import { TreeError } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { type SimulatedOperation, simulate } from './simulate.js';

const NOW = 1_700_000_000_000;

function allowed(rules: unknown, op: SimulatedOperation, data: unknown = null): boolean {
  return simulate(compileRules(JSON.stringify({ rules })), { data, auth: null, now: NOW, op }).allowed;
}

describe('a simulated operation', () => {
  it('resolves server values against the data and the time of the simulation', () => {
    const rules = { n: { '.write': 'newData.val() == 7' }, at: { '.write': 'newData.val() == now' } };
    const increment = { '.sv': { increment: 2 } };
    expect(allowed(rules, { type: 'write', path: '/n', value: increment }, { n: 5 })).toBe(true);
    expect(allowed(rules, { type: 'update', path: '/', value: { n: increment } }, { n: 4 })).toBe(false);
    expect(allowed(rules, { type: 'write', path: '/at', value: { '.sv': 'timestamp' } })).toBe(true);
  });

  it('may leave a value out to remove', () => {
    expect(allowed({ a: { '.write': '!newData.exists()' } }, { type: 'write', path: '/a' }, { a: 1 })).toBe(true);
  });

  it('may write a priority', () => {
    const rules = { a: { '.write': 'newData.getPriority() == 3 && newData.val() == 1' } };
    expect(allowed(rules, { type: 'write', path: '/a/.priority', value: 3 }, { a: 1 })).toBe(true);
  });

  it('takes a query in the words of rules and in those of requests', () => {
    const rules = { '.read': "query.orderByChild == 'age' && query.limitToFirst == 10 && query.startAt == 18" };
    const fields = { startAt: 18, limitToFirst: 10 };
    expect(allowed(rules, { type: 'read', path: '/', query: { orderByChild: 'age', endAt: null, ...fields } })).toBe(
      true,
    );
    expect(allowed(rules, { type: 'read', path: '/', query: { orderBy: 'age', ...fields } })).toBe(true);
    expect(allowed({ '.read': 'query.orderByKey' }, { type: 'read', path: '/', query: { limitToLast: 1 } })).toBe(true);
  });

  it('does not count slashes', () => {
    expect(allowed({ a: { b: { '.read': true } } }, { type: 'read', path: '//a///b/' })).toBe(true);
  });

  it('throws for what no database takes', () => {
    expect(() => allowed({}, { type: 'write', path: '/a.b', value: 1 })).toThrow(TreeError);
    expect(() => allowed({}, { type: 'write', path: '/a', value: { 'b#': 1 } })).toThrow(TreeError);
    expect(() => allowed({}, { type: 'update', path: '/', value: { a: 1, 'a/b': 2 } })).toThrow(TreeError);
    expect(() => allowed({}, { type: 'read', path: '/', query: { orderBy: 3 } })).toThrow(TreeError);
  });
});
