import { expect, it } from 'vitest';
import { eventNameOf, formatWriteName, parseWriteName, writeNameOf } from './write-name.js';

it('is told from the names of other writes, of the same event and of others', () => {
  const names = [
    writeNameOf('e/f:a/1', '1'),
    writeNameOf('e/f:a/1', '2'),
    writeNameOf('e/f:a/2', '1'),
    writeNameOf('e/f:a', '/1'),
  ];
  expect(new Set(names.map(formatWriteName)).size).toBe(4);
});

it('is read back from the idempotency key, and tells whose event it was', () => {
  const name = writeNameOf('e/f:a/1', '1');
  expect(parseWriteName(formatWriteName(name))).toEqual(name);
  expect(name.event).toBe(eventNameOf('e/f:a/1'));
});

it.each(['', 'mine', 'function/one', 'function/one/two/three', 'other/one/two'])('%j is none', (key) => {
  expect(parseWriteName(key)).toBeNull();
});
