import { applyChanges, type Change, nodeFromJson, nodeReader, type Path, type TreeReader } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import type { AuthValue, Rules, WriteCheck } from './rules.js';

const BOB = { uid: 'bob', provider: 'custom', token: {} };

interface Try {
  readonly data?: unknown;
  readonly changes: readonly (readonly [path: string, value: unknown])[];
  readonly auth?: AuthValue;
}

/** The check, and how often the tree after the write was asked for and where the tree before it was looked at. */
function watched({ data = null, changes: list, auth = BOB }: Try): {
  check: WriteCheck;
  looks: Path[];
  afters: number[];
} {
  const before = nodeFromJson(data);
  const changes: Change[] = list.map(([path, value]) => ({
    path: path.split('/').filter(Boolean),
    value: nodeFromJson(value),
  }));
  const looks: Path[] = [];
  const afters: number[] = [];
  const reader: TreeReader = {
    glance: (path) => {
      looks.push(path);
      return nodeReader(before).glance(path);
    },
    children: () => {
      throw new Error('rules look at no children');
    },
  };
  const check = {
    ...{ auth, changes, before: reader, now: 1 },
    get after() {
      afters.push(1);
      return nodeReader(applyChanges(before, changes));
    },
  };
  return { check, looks, afters };
}

function rules(text: object): Rules {
  return compileRules(JSON.stringify({ rules: text }));
}

describe('costs nothing', () => {
  it('an unconditional grant over rule-free data reads neither tree', () => {
    const open = rules({ '.write': 'root.child(auth.uid).exists()', a: { '.write': true }, b: { '.validate': false } });
    const { check, looks, afters } = watched({ changes: [['a/x', { y: 1 }]] });
    expect(open.write(check)).toBe(true);
    expect([looks, afters]).toEqual([[], []]);
  });

  it('rules about what is written do not ask for the tree after the write', () => {
    const message = {
      '.write': 'auth != null && !data.exists()',
      '.validate': "newData.hasChildren(['by', 'text'])",
      by: { '.validate': 'newData.val() == auth.uid' },
      text: { '.validate': 'newData.isString()' },
      $other: { '.validate': false },
    };
    const decide = (text: object): { allowed: boolean; afters: number } => {
      const { check, afters } = watched({ changes: [['messages/m1', { by: 'bob', text: 'hi' }]] });
      return { allowed: rules(text).write(check), afters: afters.length };
    };
    expect(decide({ messages: { $m: message } })).toEqual({ allowed: true, afters: 0 });
    const bounded = { '.validate': "newData.child('m1').exists()", $m: message };
    expect(decide({ messages: bounded })).toEqual({ allowed: true, afters: 1 });
  });

  it('the parts of a written value that have no rules are not visited', () => {
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i]));
    const some = rules({ '.write': true, a: { k7: { '.validate': 'newData.parent().parent().exists()' }, wide: {} } });
    const explained = some.explainWrite(watched({ changes: [['a', { ...wide, wide }]] }).check);
    expect(explained.steps.map(({ location }) => location)).toEqual(['/', '/a/k7']);
  });
});

describe('a multi-path update', () => {
  it('evaluates the rules of a shared ancestor once', () => {
    const shared = rules({
      '.validate': 'newData.exists()',
      a: { '.write': 'auth != null', $k: { '.validate': 'newData.isNumber()' } },
    });
    const { steps, allowed } = shared.explainWrite(
      watched({
        changes: [
          ['a/z', 1],
          ['a/y', 2],
          ['a/x', 3],
        ],
      }).check,
    );
    expect(allowed).toBe(true);
    expect(steps.map(({ rulePath, location }) => `${rulePath} ${location}`)).toEqual([
      ...['/a/.write /a', '/.validate /', '/a/$k/.validate /a/x', '/a/$k/.validate /a/y', '/a/$k/.validate /a/z'],
    ]);
  });

  it('needs a grant for each path, also where a neighbour had an unconditional one', () => {
    const mixed = rules({ a: { '.write': "newData.child('go').exists()", open: { '.write': true } } });
    const both = (go: unknown): boolean =>
      mixed.write(
        watched({
          data: { a: { go } },
          changes: [
            ['a/open/x', 1],
            ['a/shut', 1],
          ],
        }).check,
      );
    expect(both(null)).toBe(false);
    expect(both(true)).toBe(true);
  });

  it('of nothing is allowed', () => {
    expect(rules({}).write(watched({ changes: [] }).check)).toBe(true);
  });
});

describe('data is read anew', () => {
  const write = (text: object, data: unknown, changes: Try['changes']): boolean =>
    rules(text).write(watched({ data, changes }).check);

  it('at each path of an update', () => {
    const own = { $k: { '.write': 'data.val() == $k' } };
    const changes = [
      ['a', 1],
      ['b', 1],
    ] as const;
    expect(write(own, { a: 'a', b: 'b' }, changes)).toBe(true);
    expect(write(own, { a: 'a', b: 'a' }, changes)).toBe(false);
  });

  it('at each child of a set, and below it', () => {
    const own = {
      '.write': true,
      $k: { '.validate': 'data.val() == $k', $l: { '.validate': 'data.val() == $k + $l' } },
    };
    const changes = [['', { a: 1, b: 1 }]] as const;
    expect(write(own, { a: 'a', b: 'b' }, changes)).toBe(true);
    expect(write(own, { a: 'a', b: 'a' }, changes)).toBe(false);
    const deep = { '.write': true, $k: { $l: { '.validate': 'data.val() == $k + $l && newData.val() == 1' } } };
    const deeper = [['', { a: { x: 1 }, b: { x: 1 } }]] as const;
    expect(write(deep, { a: { x: 'ax' }, b: { x: 'bx' } }, deeper)).toBe(true);
    expect(write(deep, { a: { x: 'ax' }, b: { x: 'ax' } }, deeper)).toBe(false);
  });
});

describe('hidden names', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])(
    '%s is a key like any other',
    (key) => {
      const source = `{"rules": {"${key}": {".write": true, "${key}": {".validate": "newData.val() == '${key}'"}}}}`;
      const write = (value: unknown): boolean =>
        compileRules(source).write(
          watched({ changes: [[key, JSON.parse(`{"${key}": ${JSON.stringify(value)}}`)]] }).check,
        );
      expect(write(key)).toBe(true);
      expect(write('other')).toBe(false);
      expect(rules({ a: { '.write': true } }).write(watched({ changes: [[key, 1]] }).check)).toBe(false);
      expect(rules({ '.write': `auth.token.${key} != null` }).write(watched({ changes: [['a', 1]] }).check)).toBe(
        false,
      );
    },
  );
});

describe('texts that lead a pattern astray', () => {
  /** Its letters are in an order that does not repeat for long, and only its end matches. */
  function maze(length: number): string {
    let seed = 42;
    let text = '';
    for (let i = 0; i < length; i++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      text += seed & 0x10000 ? 'x' : 'z';
    }
    return `${text}xy`;
  }

  it('make an error of it, which grants nothing, once an operation has taken its time', () => {
    const matches = 'newData.val().matches(/x.{0,200}y/)';
    const decide = (rule: string, ...texts: string[]): boolean => {
      const changes = texts.map((text, i) => [`a/${i}`, text] as const);
      return rules({ a: { $i: { '.write': rule } } }).write(watched({ changes }).check);
    };
    expect(decide(matches, maze(10_000))).toBe(true);
    expect(decide(matches, maze(500_000))).toBe(false);
    expect(decide(`!${matches}`, maze(500_000))).toBe(false);
    expect(decide(matches, ...Array.from({ length: 50 }, (_, i) => maze(10_000 + i).slice(i)))).toBe(false);
    expect(decide(matches, `${'x'.repeat(9_000_000)}y`)).toBe(true);
  });
});

describe('texts that grow', () => {
  it('by joining end in an error', () => {
    const doubling = `newData.val()${' + newData.val()'.repeat(180)}`;
    const { check } = watched({ changes: [['a', 'x'.repeat(5_000_000)]] });
    expect(rules({ a: { '.write': `(${doubling}) != '' || true` } }).explainWrite(check).steps).toMatchObject([
      { outcome: 'error', error: 'a text of more than 33554432 characters' },
    ]);
  });

  it('by replacing end in an error', () => {
    const growing = `newData.val()${".replace('x', 'xxxxxxxxxx')".repeat(12)}`;
    const { check } = watched({ changes: [['a', 'x']] });
    expect(rules({ a: { '.write': `${growing} != '' || true` } }).write(check)).toBe(false);
  });
});
