import { BacksideError } from '@backside/protocol';
import { expect, test } from 'vitest';
import { untilUndisturbed } from './rows.js';

test('a write is tried again as long as others are in its way, but not for ever', async () => {
  let tries = 0;
  const disturbed = async (times: number): Promise<number> => {
    tries += 1;
    if (tries <= times) throw new BacksideError('precondition-failed');
    return tries;
  };
  expect(await untilUndisturbed(() => disturbed(3))).toBe(4);
  tries = 0;
  await expect(untilUndisturbed(() => disturbed(Infinity))).rejects.toMatchObject({ code: 'precondition-failed' });
  expect(tries).toBe(50);
});

test('other failures are failures', async () => {
  let tries = 0;
  const attempt = async (): Promise<never> => {
    tries += 1;
    throw new BacksideError('unavailable');
  };
  await expect(untilUndisturbed(attempt)).rejects.toMatchObject({ code: 'unavailable' });
  expect(tries).toBe(1);
});
