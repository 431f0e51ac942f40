import { expect, it } from 'vitest';
import { retrying } from './retrying.js';

const passing = { isPassing: (error: unknown) => error === 'passes' };

it('does it again while it fails for reasons that pass', async () => {
  let tries = 0;
  const work = async (): Promise<number> => {
    tries += 1;
    if (tries < 4) throw 'passes';
    return tries;
  };
  expect(await retrying({ ...passing, patienceMs: 60_000 }, work)).toBe(4);
});

it('throws the last error once patience has ended, nobody waits, or nothing will change', async () => {
  const cases = [
    [{ patienceMs: 0 }, 'passes', 1],
    [{ patienceMs: 60_000 }, 'stays', 1],
    [{ patienceMs: 60_000, isOver: () => tries === 2 }, 'passes', 2],
    [{ patienceMs: 30, elapsed: () => 10 * tries }, 'passes', 2],
  ] as const;
  let tries = 0;
  for (const [patience, error, expected] of cases) {
    tries = 0;
    const work = async (): Promise<void> => {
      tries += 1;
      throw error;
    };
    await expect(retrying({ ...passing, ...patience }, work)).rejects.toBe(error);
    expect(tries).toBe(expected);
  }
});
