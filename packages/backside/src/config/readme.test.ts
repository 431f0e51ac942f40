import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { optionsMarkdown } from './help.js';
import { SERVER_OPTIONS } from './server-options.js';
import { takesForce } from './taking-force.js';

const README = new URL('../../README.md', import.meta.url);

test('the table of options in the README is the one that the definition gives (vitest -u writes it)', async () => {
  const [before, , after] = readFileSync(README, 'utf8').split(/<!-- \/?options -->/);
  const expected = `${before}<!-- options -->\n${optionsMarkdown(SERVER_OPTIONS, takesForce)}\n<!-- /options -->${after}`;
  await expect(expected).toMatchFileSnapshot(README.pathname);
});
