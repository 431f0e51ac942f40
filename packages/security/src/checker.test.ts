import { describe, expect, it } from 'vitest';
import { checkRule } from './checker.js';
import { parseExpression } from './expression-parser.js';
import type { StaticType } from './static-type.js';

const SCOPE = { wildcards: new Set(['$k']), newData: true };

function check(source: string, scope = SCOPE): void {
  checkRule(parseExpression(source), scope);
}

/** The type of `source`, looked up inside of a rule that any simple value fits. */
function typeOf(source: string): StaticType | undefined {
  const rule = parseExpression(`(${source}) == null`);
  if (rule.kind !== 'binary') throw new Error('not a comparison');
  return checkRule(rule, SCOPE).types.get(rule.left);
}

describe('types', () => {
  it.each<[string, StaticType]>([
    ["'a' + auth.x", 'string'],
    ['1 + 2', 'number'],
    ['1 + auth.x', 'primitive'],
    ['data.val() + data.val()', 'primitive'],
    ['auth.x.y', 'any'],
    ['auth.x[$k][0]', 'any'],
    ['auth.x.length', 'number'],
    ['data.val().length', 'number'],
    ['data.getPriority()', 'primitive'],
    ['data.exists()', 'boolean'],
    ['$k', 'string'],
    ['now', 'number'],
    ['-auth.x', 'number'],
    ['true ? 1 : 2', 'number'],
    ["true ? 1 : 'a'", 'primitive'],
    ['true ? 1 : auth.x', 'any'],
    ['true ? null : null', 'null'],
    ['query.limitToFirst', 'primitive'],
    ['query.orderByKey', 'boolean'],
    ['auth.x.toLowerCase()', 'string'],
  ])('%s is %s', (source, type) => {
    expect(typeOf(source)).toBe(type);
  });
});

describe('accepts', () => {
  it.each([
    'auth != null',
    '1 == "a"',
    'data.val() < 1',
    '$k < auth.uid',
    "root['child']('a')['exists']()",
    "root.hasChildren(['a', $k, auth.uid])",
    "$k.replace('a', auth.x).contains('b')",
    'auth.x.matches(/^a$/i)',
    'query.orderByChild.beginsWith("a")',
    'auth.contains == null',
  ])('%s', (source) => {
    expect(() => check(source)).not.toThrow();
  });
});

describe('refuses', () => {
  it.each([
    ['auth', 0, 'the rule must be a boolean, not a value of unknown type', 'compare it: x == true, or x != null'],
    ['data', 0, 'the rule must be a boolean, not a snapshot', 'add .exists()'],
    ["'a'", 0, 'the rule must be a boolean, not a string', 'compare it with =='],
    ['true && auth.x', 8, 'an operand of && must be a boolean, not a value of unknown type', expect.any(String)],
    ['!data.val()', 1, 'the operand of ! must be a boolean, not a value of unknown type', expect.any(String)],
    [
      'auth ? true : false',
      0,
      'what stands before ? must be a boolean, not a value of unknown type',
      expect.any(String),
    ],
    ['data == null', 0, 'a snapshot cannot be used with ==', 'take its value with .val(), or ask .exists()'],
    ["'a' < 1", 0, 'a string cannot be compared with a number', null],
    ['now < null', 6, 'a null cannot be used with <', 'null has no order and no sum; compare with == or !='],
    ['true > false', 0, 'a boolean cannot be used with >', null],
    ["'a' - 1 == 0", 0, 'a string cannot be used with -', null],
    ["-'a' == 0", 1, 'a string cannot be used with -', null],
    ['(true ? data : root).exists()', 8, 'a snapshot cannot be used with ?:', expect.any(String)],
    ['undefined == null', 0, 'there is no variable undefined', 'write null'],
    ['$other == 1', 0, 'there is no variable $other', 'only a $name of this rule or of one above it can be used'],
    ['data.exists', 5, 'a snapshot has no property exists', 'write exists()'],
    ['data.name == 1', 5, 'a snapshot has no property name', "write child('name').val() for the data"],
    ['data[$k]', 0, 'a snapshot has no subscripts', expect.any(String)],
    ['data.val().name == 1', 11, 'what val() gives has no property name', "put child('name') before val()"],
    ["data.val()['name'] == 1", 11, 'what val() gives has no property name', "put child('name') before val()"],
    ["$k.startsWith('a')", 3, 'a string has no method startsWith()', 'there is beginsWith'],
    [
      'auth.x.constructor()',
      7,
      'a value of unknown type has no method constructor()',
      expect.stringContaining('contains'),
    ],
    ["'a'[0] == 'a'", 0, 'a string has no subscripts', null],
    ['now.length > 0', 4, 'a number has no property length', null],
    ['now.contains("a")', 4, 'a number has no methods', null],
    ['query == null', 0, 'a query cannot be used with ==', expect.any(String)],
    ['query.limit == 1', 6, 'query has no such property', expect.stringContaining('limitToFirst')],
    ['query.orderByKey() == 1', 6, 'a query has no methods', null],
    ["data.val('a') == 1", 9, 'val() takes no argument', null],
    ["data.exists('a')", 12, 'exists() takes no argument', null],
    ['data.child().exists()', 5, 'child() takes one argument', null],
    ["'a'.replace('b') == 'a'", 4, 'replace() takes 2 arguments', null],
    ['data.child(1).exists()', 11, 'a number cannot be used with child()', null],
    ["data.hasChildren('a')", 17, 'hasChildren() takes a list in brackets', expect.any(String)],
    ['data.hasChildren([])', 17, 'the list is empty', 'write hasChildren()'],
    ['data.hasChildren([1])', 18, 'a number cannot be used with hasChildren()', null],
    ["['a'] == 1", 0, 'a list in brackets can only be the argument of hasChildren()', null],
    ["/a/ == 'a'", 0, 'a regular expression can only be the argument of matches()', null],
    ["$k.matches('a')", 11, 'matches() takes a regular expression between slashes', expect.any(String)],
    ['auth[true] == 1', 5, 'a boolean cannot be a subscript', null],
  ])('%s', (source, offset, message, hint) => {
    expect(() => check(source)).toThrow(expect.objectContaining({ offset, message, hint }));
  });

  it('newData in a .read', () => {
    const wanted = expect.objectContaining({ code: 'unknown-variable', hint: 'a .read rule has no newData: use data' });
    expect(() => check('newData.exists()', { ...SCOPE, newData: false })).toThrow(wanted);
  });

  it('a regular expression out of the grammar, at its place', () => {
    expect(() => check('$k.matches(/a(b/)')).toThrow(expect.objectContaining({ code: 'regex', offset: 13 }));
  });
});
