import { nodeFromJson, nodeReader, parseQuery } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import type { Observer } from './observer.js';

const SOURCE = `{"rules": {"rooms": {
  "$room": {
    ".read": "auth.level > 3 || root.child('members').child($room).child(auth.uid).exists()",
    "log": { ".read": "data.parent().child('open').val() == true && query.limitToLast <= 10" }
  }
}}}`;
const ROOT = nodeReader(nodeFromJson({ rooms: { r1: { open: true, log: { a: 1 } } }, members: { r1: { bob: true } } }));
const BOB = { uid: 'bob', provider: 'custom', token: {} };
const CHECK = { auth: BOB, path: ['rooms', 'r1', 'log'], query: null, root: ROOT, now: 0 };

describe('an explanation', () => {
  it('has each rule with its place, its error and all values on the way', () => {
    expect(compileRules(SOURCE).explainRead(CHECK)).toEqual({
      ...{ allowed: false, operation: 'read', path: '/rooms/r1/log' },
      steps: [
        {
          ...{ kind: 'read', rulePath: '/rooms/$room/.read', location: '/rooms/r1', line: 3, column: 14 },
          source: "auth.level > 3 || root.child('members').child($room).child(auth.uid).exists()",
          ...{ outcome: 'error', error: '> needs two numbers or two strings', bindings: { $room: 'r1' } },
          values: [
            { text: 'auth', offset: 0, value: '{"uid":"bob","provider":"custom","token":{}}' },
            { text: 'auth.level', offset: 0, value: 'null' },
            { text: 'auth.level > 3', offset: 0, value: '(error)' },
          ],
        },
        {
          ...{ kind: 'read', rulePath: '/rooms/$room/log/.read', location: '/rooms/r1/log', line: 4, column: 23 },
          source: "data.parent().child('open').val() == true && query.limitToLast <= 10",
          ...{ outcome: 'error', error: '<= needs two numbers or two strings', bindings: { $room: 'r1' } },
          values: [
            { text: "data.parent().child('open')", offset: 0, value: '→ /rooms/r1/open' },
            { text: "data.parent().child('open').val()", offset: 0, value: 'true' },
            { text: "data.parent().child('open').val() == true", offset: 0, value: 'true' },
            { text: 'query.limitToLast', offset: 45, value: 'null' },
            { text: 'query.limitToLast <= 10', offset: 45, value: '(error)' },
          ],
        },
      ],
    });
  });

  it('ends with the rule that grants', () => {
    const { allowed, steps } = compileRules(SOURCE).explainRead({
      ...CHECK,
      query: parseQuery({ orderBy: '$key', limitToLast: 5 }),
    });
    expect([allowed, steps.at(-1)?.rulePath, steps.at(-1)?.outcome]).toEqual([true, '/rooms/$room/log/.read', 'true']);
  });

  it('stays small, whatever was written', () => {
    const rules = compileRules(`{"rules": {".write": "newData.child('a').val() != 'b'",
      "$k": {".validate": "newData.isString() && $k != 'k9999'"}}}`);
    const before = nodeReader(null);
    const value = nodeFromJson(
      Object.fromEntries([['a', 'x'.repeat(100_000)], ...Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 'v'])]),
    );
    const check = { auth: null, changes: [{ path: [], value }], before, after: nodeReader(value), now: 0 };
    const { allowed, steps } = rules.explainWrite(check);
    expect(allowed).toBe(false);
    expect(steps.length).toBeLessThanOrEqual(501);
    expect(steps.at(-1)).toMatchObject({ location: '/k9999', outcome: 'false' });
    expect(steps[0]?.values[0]?.value).toBe('→ /a');
    expect(steps[0]?.values[1]?.value).toHaveLength(200);
  });
});

describe('an observer', () => {
  it('is told every outcome, inner ones first, until it is removed', () => {
    const rules = compileRules(SOURCE);
    const told: string[] = [];
    const observer: Observer = {
      evaluated: (rule, expression, outcome) =>
        told.push(`${expression === null ? '' : rule.source.slice(expression.start, expression.end)} ${outcome}`),
    };
    rules.observe(observer);
    expect(rules.read({ ...CHECK, path: ['rooms', 'r1'], auth: { ...BOB, level: 4 } as typeof BOB })).toBe(true);
    expect(told).toEqual([
      'auth value',
      'auth.level value',
      'auth.level > 3 true',
      `${rules.root.literals.get('rooms')?.wildcard?.read?.source} true`,
    ]);
    rules.observe(null);
    rules.read(CHECK);
    expect(told).toHaveLength(4);
  });
});

describe('the basis of a read', () => {
  const rules = compileRules(`{"rules": {
    "open": {".read": "1 < 2"},
    "rooms": {".read": "auth != null && auth.uid == 'root'", "$room": {
      ".read": "data.child('public').val() == true || root.child('members/' + $room).child(auth.uid).exists()",
      "late": {".read": "now > 5"}
    }}
  }}`);
  const basisOf = (...path: string[]): object => rules.readWithBasis({ ...CHECK, path });

  it('is empty where the answer depends on nothing', () => {
    expect(basisOf('open', 'x')).toEqual({ allowed: true, basis: { paths: [], usesAuth: false, usesNow: false } });
    expect(basisOf('shut')).toEqual({ allowed: false, basis: { paths: [], usesAuth: false, usesNow: false } });
  });

  it('of a refusal is all that was looked at', () => {
    expect(basisOf('rooms', 'r2')).toEqual({
      allowed: false,
      basis: {
        paths: [
          ['rooms', 'r2', 'public'],
          ['members', 'r2', 'bob'],
        ],
        ...{ usesAuth: true, usesNow: false },
      },
    });
  });

  it('of a grant is what the granting rule looked at', () => {
    const root = nodeReader(nodeFromJson({ rooms: { r3: { public: true } } }));
    expect(rules.readWithBasis({ ...CHECK, root, path: ['rooms', 'r3', 'log'] })).toEqual({
      allowed: true,
      basis: { paths: [['rooms', 'r3', 'public']], usesAuth: false, usesNow: false },
    });
    expect(rules.readWithBasis({ ...CHECK, now: 6, path: ['rooms', 'r2', 'late'] })).toEqual({
      allowed: true,
      basis: { paths: [], usesAuth: false, usesNow: true },
    });
  });
});
