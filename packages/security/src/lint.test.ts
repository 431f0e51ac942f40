import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compileRules } from './compile-rules.js';
import { lintRules } from './lint.js';

const FIXTURES = new URL('../fixtures/', import.meta.url);

const warningsOf = (rules: unknown): string[] =>
  lintRules(compileRules(JSON.stringify({ rules }))).map(({ code, rulePath }) => `${code} ${rulePath}`);

describe('ordinary good rules', () => {
  it.each(readdirSync(FIXTURES).filter((name) => name.endsWith('.rules')))('%s has no warning', (name) => {
    expect(lintRules(compileRules(readFileSync(new URL(name, FIXTURES), 'utf8')))).toEqual([]);
  });
});

describe('a warning', () => {
  it('says where, what and what to write instead', () => {
    const source = '{"rules": {\n  "a": {"$b": {".read": "data.val() ==\n    \'$b\'"}}}}';
    expect(lintRules(compileRules(source))).toEqual([
      {
        severity: 'warning',
        code: 'quoted-wildcard',
        message: '$b in quotes is text, not the key that it stands for',
        rulePath: '/a/$b/.read',
        line: 3,
        column: 5,
        offset: source.indexOf("'$b'") - source.indexOf('data.val'),
        hint: 'write $b without quotes',
      },
    ]);
  });

  it('comes in the order of the file', () => {
    const codes = lintRules(
      compileRules('{"rules": {"z": {".validate": true},\n".read": true,\n"a": {".validate": "newData.exists()"}}}'),
    ).map(({ code }) => code);
    expect(codes).toEqual(['idle-validate', 'open-root', 'validate-of-absence']);
  });
});

/** Rules that earn exactly these warnings. */
const DOUBTFUL: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['everybody may read all', { '.read': true }, ['open-root /.read']],
  ['whoever signs in may write all', { '.write': 'auth.uid != null' }, ['open-root /.write']],
  [
    'a rule below an unconditional grant',
    { a: { '.read': true, b: { '.read': 'auth != null', '.write': 'auth.uid == "x"' } } },
    ['unreachable-rule /a/b/.read'],
  ],
  [
    'a denial below a grant',
    { $uid: { '.read': 'auth.uid == $uid', secret: { '.read': false } } },
    ['no-denial /$uid/secret/.read'],
  ],
  [
    'a narrow rule below one for whoever signs in',
    { users: { '.read': 'auth != null', $uid: { '.read': 'auth.uid == $uid' } } },
    ['broad-grant /users/$uid/.read'],
  ],
  ['a validate that never fails', { a: { '.validate': true } }, ['idle-validate /a/.validate']],
  [
    'a validate that demands what is certain',
    { a: { '.validate': 'newData.exists() && newData.isString()' }, b: { '.validate': 'newData.val() != null' } },
    ['validate-of-absence /a/.validate', 'validate-of-absence /b/.validate'],
  ],
  ['a validate of what was there', { a: { '.validate': 'data.isString()' } }, ['validate-of-old-data /a/.validate']],
  [
    'two types at once',
    { a: { '.validate': 'newData.isString() && newData.isNumber()' } },
    ['dead-validate /a/.validate'],
  ],
  [
    'rules below what can never be written',
    { a: { '.validate': false, b: { '.write': 'auth != null' } } },
    ['dead-validate /a/.validate'],
  ],
  ['an expression that is always the same', { a: { '.read': "1 < 2 || 'a' == 'b'" } }, ['constant-rule /a/.read']],
  ['what was tried out', { a: { '.read': 'auth != null && (true || auth.uid == "x")' } }, ['constant-part /a/.read']],
  [
    'a wildcard in a quoted path',
    { $room: { '.read': "auth != null && root.child('members/$room').child(auth.uid).exists()" } },
    ['quoted-wildcard /$room/.read'],
  ],
  [
    'null that equals null',
    { $doc: { '.write': "data.child('owner').val() == auth.uid" } },
    ['null-equals-null /$doc/.write'],
  ],
  [
    'an error before the public half',
    { $doc: { '.read': "root.child('admins').child(auth.uid).exists() || data.child('public').val() == true" } },
    ['error-before-or /$doc/.read'],
  ],
  [
    'a path of what a client writes',
    { $a: { '.validate': "root.child('rooms/' + newData.child('room').val()).exists()" } },
    ['path-from-data /$a/.validate'],
  ],
  ['anchors beside alternatives', { $a: { '.validate': '$a.matches(/^a|b$/)' } }, ['regex-anchors /$a/.validate']],
  [
    'a demanded query without an index',
    { a: { '.read': "query.orderByChild == 'owner' && query.equalTo == auth.uid", '.indexOn': 'name' } },
    ['missing-index /a/.read'],
  ],
];

describe('what is warned of', () => {
  it.each(DOUBTFUL)('%s', (_name, rules, expected) => {
    expect(warningsOf(rules)).toEqual(expected);
  });
});

/** Rules that look like the ones above, and are right. */
const SOUND: readonly (readonly [string, unknown])[] = [
  ['a grant at the root for admins', { '.read': 'auth.token.admin == true', a: { '.read': false } }],
  ['false where nothing is granted', { '.read': false, '.write': false, a: { '.read': 'auth != null' } }],
  [
    'a public half below a grant to users',
    { a: { '.read': 'auth != null', b: { '.read': "data.child('public').val() == true" } } },
  ],
  ['a grant of another kind above', { a: { '.read': true, b: { '.write': 'auth != null' } } }],
  [
    'allowed keys beside a wildcard that allows none',
    { a: { name: { '.validate': true }, $other: { '.validate': false } } },
  ],
  ['a key that may never be written', { a: { '.write': 'auth != null', old: { '.validate': false } } }],
  ['a validate of what must not change', { a: { '.validate': '!data.exists()' } }],
  ['a test of deletion in .write', { $a: { '.write': '!data.exists() || !newData.exists()' } }],
  [
    'a test whether a child exists',
    { a: { '.validate': "newData.child('b').exists() || newData.parent().child('c').val() != null" } },
  ],
  [
    'types of different nodes',
    { a: { '.validate': "newData.child('x').isString() && newData.child('y').isNumber()" } },
  ],
  ['a uid against a key', { $uid: { '.write': 'auth.uid == $uid' } }],
  ['an owner, for whoever is signed in', { $a: { '.write': "auth != null && data.child('owner').val() == auth.uid" } }],
  [
    'a lookup that comes last',
    { $a: { '.read': "data.child('public').val() == true || root.child('admins').child(auth.uid).exists()" } },
  ],
  ['a path of the uid', { a: { '.read': "root.child('admins/' + auth.uid).exists()" } }],
  [
    'a path of what was tested',
    { $a: { '.validate': "newData.val().matches(/^\\w+$/) && root.child('rooms/' + newData.val()).exists()" } },
  ],
  ['anchors around a group', { $a: { '.validate': '$a.matches(/^(a|b)$/) || $a.matches(/a|b/)' } }],
  [
    'a demanded query with its index',
    { a: { '.read': "query.orderByChild == 'owner'", '.indexOn': ['name', 'owner'] } },
  ],
  ['a price in text', { $a: { '.validate': "newData.val() != '$5' && newData.val() != '$ab'" } }],
];

describe('what is not warned of', () => {
  it.each(SOUND)('%s', (_name, rules) => {
    expect(warningsOf(rules)).toEqual([]);
  });
});
