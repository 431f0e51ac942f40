import { expect, test } from 'vitest';
import { OutChain } from './out-chain.js';

const [a, b, c] = ['a', 'bb', 'ccc'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];

test('the same buffers in the same order are the same node, joined once', () => {
  const root = OutChain.root();
  const one = root.append(a).append(b).append(c);
  const two = root.append(a).append(b).append(c);
  expect(one).toBe(two);
  expect(one.joined()).toBe(two.joined());
  expect(Buffer.from(one.joined()).toString()).toBe('abbccc');
  expect([one.byteLength, one.largest]).toEqual([6, 3]);
});

test('sequences that part ways keep what they share', () => {
  const root = OutChain.root();
  const shared = root.append(a);
  const texts = [shared.append(b), shared.append(c), shared.append(b), shared.append(a)].map((node) =>
    Buffer.from(node.joined()).toString(),
  );
  expect(texts).toEqual(['abb', 'accc', 'abb', 'aa']);
  expect(shared.append(b)).toBe(shared.append(b));
});

test('a private buffer is seen by nobody else', () => {
  const root = OutChain.root();
  const mine = root.append(a).appendPrivate(b);
  expect(root.append(a).append(b)).not.toBe(mine);
  expect(mine.buffers()).toEqual([a, b]);
});

test('a single buffer is not copied', () => {
  expect(OutChain.root().append(a).joined()).toBe(a);
  expect(OutChain.root().joined().byteLength).toBe(0);
});
