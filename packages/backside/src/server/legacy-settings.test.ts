import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { assertLegacySettings } from './legacy-settings.js';

test('a key that is not 32 bytes in base64 is refused by the name of its option, and not told', async () => {
  const check = (backendjsKey: string): Promise<void> =>
    assertLegacySettings({ backendjs: true, backendjsSettings: null, backendjsKey });
  const refusal = await check('abc').catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ConfigError);
  expect((refusal as Error).message).toMatch(/^backendjsKey: .*32 bytes in base64$/);
  await check(randomBytes(32).toString('base64'));
});
