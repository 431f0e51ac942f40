import { expect, it } from 'vitest';
import { parseDisplayName } from './display-name.js';

it.each([
  ['  Ada Lovelace ', 'Ada Lovelace'],
  ['Ада', 'Ада'],
  ['a\u202eb\u200bc\r\nd\u0000', 'abcd'],
  ['half \ud83d', 'half'],
  [`${'😀'.repeat(99)}ab`, `${'😀'.repeat(99)}a`],
  [' \n ', undefined],
])('a display name %j becomes %j', (text, name) => {
  expect(parseDisplayName(text)).toBe(name);
});
