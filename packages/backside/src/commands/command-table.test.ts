import { expect, test } from 'vitest';
import { COMMANDS } from './command-table.js';

test('each entry loads the command of its name', async () => {
  const names = await Promise.all(COMMANDS.map(async ({ load }) => (await load()).name));
  expect(names).toEqual(COMMANDS.map(({ name }) => name));
});
