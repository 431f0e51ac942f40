import { expect, test } from 'vitest';
import { PartWrites } from './part-writes.js';

const NOTHING = [] as const;

test('writes are made one after another, counted from 1', async () => {
  const lines: string[] = [];
  const writes = new PartWrites(async (nth) => {
    lines.push(`+${nth}`);
    await new Promise(setImmediate);
    lines.push(`-${nth}`);
  });
  await Promise.all([writes.write(NOTHING), writes.write(NOTHING)]);
  expect(lines).toEqual(['+1', '-1', '+2', '-2']);
});

test('after a write that is refused none is made any more, since each would stand for another one', async () => {
  const asked: number[] = [];
  const writes = new PartWrites(async (nth) => {
    asked.push(nth);
    throw new Error(`number ${nth} is refused`);
  });
  const [first, second] = [writes.write(NOTHING), writes.write(NOTHING)];
  await expect(first).rejects.toThrow('number 1');
  await expect(second).rejects.toThrow('number 1');
  expect(asked).toEqual([1]);
});

test('settling waits for what was asked for, and does not mind if it was refused', async () => {
  let isMade = false;
  const writes = new PartWrites(async () => {
    await new Promise(setImmediate);
    isMade = true;
    throw new Error('refused');
  });
  const refused = writes.write(NOTHING);
  await writes.settle();
  expect(isMade).toBe(true);
  await expect(refused).rejects.toThrow('refused');
});
