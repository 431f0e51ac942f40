import { expect, test } from 'vitest';
import { Deadline } from './deadline.js';

test('work that is done in time is waited for', async () => {
  let done = false;
  const work = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    done = true;
  });
  await new Deadline(60_000).race(work);
  expect(done).toBe(true);
});

test('work that never ends is left when the time is over, for all steps together', async () => {
  const deadline = new Deadline(30);
  await deadline.race(new Promise(() => {}));
  expect(deadline.leftMs).toBe(0);
  await deadline.race(new Promise(() => {}));
});

test('a failure is not hidden', async () => {
  await expect(new Deadline(60_000).race(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});
