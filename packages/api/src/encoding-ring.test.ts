import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EncodingRing } from './encoding-ring.js';

const held = (ring: EncodingRing): number[][] => Array.from({ length: ring.length }, (_, index) => [...ring.at(index)]);

it('holds what was put in last, whatever its length, as a queue does', () => {
  const step = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 10 }),
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc.uint8Array({ minLength: 90, maxLength: 150 }),
    fc.constant(null),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 100 }), (steps, firstBytes) => {
      const ring = new EncodingRing(100, firstBytes);
      const model: number[][] = [];
      for (const encoding of steps) {
        if (encoding === null && model.length > 0) ring.shift();
        if (encoding === null) model.shift();
        else {
          ring.push(encoding);
          model.push([...encoding]);
        }
        const now = held(ring);
        expect(now).toEqual(now.length === 0 ? [] : model.slice(-now.length));
        expect(ring.bytes).toBe(now.flat().length);
        expect(ring.bytes <= 100 || ring.length === 1).toBe(true);
        if (encoding !== null) expect(ring.length).toBeGreaterThan(0);
        model.splice(0, model.length - now.length);
      }
    }),
  );
});

it('drops no more than it has to', () => {
  const ring = new EncodingRing(1_000);
  for (let n = 0; n < 100; n += 1) ring.push(new Uint8Array(100).fill(n));
  expect(held(ring).map(([first]) => first)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
});

it('takes one that is larger than it may be, alone, and none of its memory afterwards', () => {
  const ring = new EncodingRing(1_000);
  ring.push(new Uint8Array(10));
  ring.push(new Uint8Array(5_000).fill(7));
  expect([ring.length, ring.bytes]).toEqual([1, 5_000]);
  ring.push(new Uint8Array(10));
  expect([ring.length, ring.bytes]).toEqual([1, 10]);
});

it('hands out copies', () => {
  const ring = new EncodingRing(100);
  ring.push(new Uint8Array(60).fill(1));
  const copy = ring.at(0);
  ring.push(new Uint8Array(60).fill(2));
  expect(copy.every((octet) => octet === 1)).toBe(true);
});
