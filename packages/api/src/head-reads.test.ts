import { expect, it } from 'vitest';
import { HeadReads } from './head-reads.js';

/** Reads whose answers the test gives. */
function setUp() {
  const asked: { answer(head: number): void; fail(): void }[] = [];
  const ask = (): Promise<number> =>
    new Promise((answer, reject) => asked.push({ answer, fail: () => reject(new Error('no')) }));
  return { asked, heads: new HeadReads(ask, () => asked.length) };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('asks once for all who come while a question is under way, and not before it is answered', async () => {
  const { asked, heads } = setUp();
  const first = heads.read();
  const later = [heads.read(), heads.read()];
  await turn();
  expect(asked).toHaveLength(1);
  asked[0]!.answer(1);
  await expect(first).resolves.toEqual({ head: 1, askedAt: 0 });
  await turn();
  expect(asked).toHaveLength(2);
  asked[1]!.answer(2);
  for (const answer of later) await expect(answer).resolves.toEqual({ head: 2, askedAt: 1 });
});

it('asks again after a failure, which only those hear who waited for that question', async () => {
  const { asked, heads } = setUp();
  const first = heads.read();
  const second = heads.read();
  asked[0]!.fail();
  await expect(first).rejects.toThrow('no');
  await turn();
  asked[1]!.answer(5);
  await expect(second).resolves.toMatchObject({ head: 5 });
});
