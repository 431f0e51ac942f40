import { expect, test } from 'vitest';
import { formatSignature, parseSignature } from './signature.js';

const SIGNATURE = { version: 4, tag: 'phone', login: 'ann', hmac: 'c2ln', expires: 17, checksum: 'c3Vt' };

test('a signature is read as it was written', () => {
  expect(parseSignature(formatSignature(SIGNATURE))).toEqual(SIGNATURE);
});

test('text behind it is ignored, spaces around the login are too', () => {
  expect(parseSignature('4|| ann |c2ln|17||more|and more')).toMatchObject({ login: 'ann', expires: 17, checksum: '' });
});

test('it is found behind a field that cannot begin one', () => {
  expect(parseSignature('x|4||ann|c2ln|17||')).toMatchObject({ version: 4, tag: '', login: 'ann' });
});

test.each([
  ['nothing', ''],
  ['too few pipes', '4||ann|c2ln|17'],
  ['no login', '4|||c2ln|17||'],
  ['a login of spaces', '4|| |c2ln|17||'],
  ['no HMAC', '4||ann||17||'],
  ['no expiry', '4||ann|c2ln|||'],
  ['a text longer than any signature', `${'x'.repeat(5_000)}|4||ann|c2ln|17||`],
])('%s is no signature', (_what, text) => {
  expect(parseSignature(text)).toBeNull();
});

test.each(['never', 'infinity', '', '9'.repeat(40)])('an expiry of "%s" has passed', (expires) => {
  expect(parseSignature(`4||ann|c2ln|${expires || '-'}||`)?.expires).toBe(0);
});
