import { BacksideError, type Logger, SILENT_LOGGER } from '@backside/protocol';
import { expect, test } from 'vitest';
import { withPatience } from './patience.js';

const down = (): BacksideError => new BacksideError('unavailable', 'connection refused');

test('goes on trying while something is out of reach, and logs each failure', async () => {
  const lines: string[] = [];
  const logger: Logger = { ...SILENT_LOGGER, warn: (_fields, message) => lines.push(message) };
  let tries = 0;
  const open = async (): Promise<string> => {
    tries += 1;
    if (tries < 3) throw down();
    return 'open';
  };
  expect(await withPatience(open, { what: 'the journal', url: 'mongodb://a', logger, patienceMs: 60_000 })).toBe(
    'open',
  );
  expect(lines).toEqual(Array(2).fill('the journal cannot be reached; trying again'));
});

test('gives up once the time is up, saying what could not be reached and why', async () => {
  const open = (): Promise<never> => Promise.reject(down());
  await expect(
    withPatience(open, { what: 'the journal', url: 'mongodb://a', logger: SILENT_LOGGER, patienceMs: 10 }),
  ).rejects.toThrow('the journal could not be reached: connection refused');
});

test('does not try again what can only fail', async () => {
  let tries = 0;
  const open = async (): Promise<never> => {
    tries += 1;
    throw new BacksideError('internal', 'a newer release wrote this');
  };
  await expect(
    withPatience(open, { what: 'it', url: 'mongodb://a', logger: SILENT_LOGGER, patienceMs: 60_000 }),
  ).rejects.toThrow('newer');
  expect(tries).toBe(1);
});
