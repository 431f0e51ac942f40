import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { SecretBox } from './secret-box.js';

const box = new SecretBox(randomBytes(32));

test('what was sealed opens again, for whom it belongs to', () => {
  const sealed = box.seal('my secret', 'u_1');
  expect(box.open(sealed, 'u_1')).toBe('my secret');
  expect(() => box.open(sealed, 'u_2')).toThrow();
});

test('sealing the same twice shows nothing alike, and nothing of the text', () => {
  const [one, two] = [box.seal('my secret', 'u_1'), box.seal('my secret', 'u_1')];
  expect(one).not.toBe(two);
  expect(Buffer.from(one.split('.')[1]!, 'base64url').toString('latin1')).not.toContain('secret');
});

test('with another key it says so', () => {
  const sealed = box.seal('my secret', 'u_1');
  expect(() => new SecretBox(randomBytes(32)).open(sealed, 'u_1')).toThrow('another secret key');
});

test('an altered text does not open', () => {
  const sealed = box.seal('my secret', 'u_1');
  const altered = sealed.slice(0, -3) + (sealed.endsWith('AAA') ? 'BBB' : 'AAA');
  expect(() => box.open(altered, 'u_1')).toThrow();
});

test('a key of another length is refused', () => {
  expect(() => new SecretBox(randomBytes(16))).toThrow('32 bytes');
});
