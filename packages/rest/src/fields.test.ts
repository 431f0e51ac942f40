import { describe, expect, test } from 'vitest';
import { count, flag, optional, orNull, parseFields, record, text } from './fields.js';

const shape = { name: text(5), age: optional(count(1)), note: optional(orNull(text())), data: optional(record()) };

describe('fields of a body', () => {
  test('are read by their names, and those that were not sent are absent', () => {
    expect(parseFields({ name: 'ann', note: null }, shape)).toStrictEqual({ name: 'ann', note: null });
  });

  test.each([
    ['an unknown field', { name: 'ann', admin: true }, 'unknown field "admin"; known here: name, age, note, data'],
    ['a name of the prototype', JSON.parse('{"name":"ann","__proto__":{"age":3}}'), 'unknown field "__proto__"'],
    ['a missing field', { age: 3 }, '"name" is missing'],
    ['an inherited field', Object.create({ name: 'ann' }), '"name" is missing'],
    ['a wrong type', { name: 3 }, '"name" must be a text'],
    ['an empty text', { name: '' }, '"name" must be a text that is not empty'],
    ['a long text', { name: 'abcdef' }, 'at most 5 characters'],
    ['a fraction', { name: 'ann', age: 1.5 }, '"age" must be a whole number from 1'],
    ['a number that is too small', { name: 'ann', age: 0 }, '"age" must be a whole number from 1'],
    ['a list for an object', { name: 'ann', data: [] }, '"data" must be an object'],
    ['no object at all', 'ann', 'a JSON object is expected'],
    ['a list', ['ann'], 'a JSON object is expected'],
    ['null', null, 'a JSON object is expected'],
  ])('refuse %s', (_what, body, message) => {
    expect(() => parseFields(body, shape)).toThrow(expect.objectContaining({ code: 'invalid-data' }));
    expect(() => parseFields(body, shape)).toThrow(message);
  });

  test('never repeat the value that they refuse', () => {
    expect(() => parseFields({ on: 'hunter2' }, { on: flag() })).toThrow(/^"on" must be true or false$/);
  });
});
