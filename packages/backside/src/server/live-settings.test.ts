import { expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { assertRollable, liveChanges, readAgain } from './live-settings.js';

const BEFORE: ServerConfig = { ...resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values, workers: 2 };

test('settings that are put in force at once are named', () => {
  expect(liveChanges(BEFORE, BEFORE)).toEqual([]);
  const after = { ...BEFORE, logLevel: 'debug' as const, maxUploadBytes: 5 };
  expect(liveChanges(BEFORE, after)).toEqual(['maxUploadBytes', 'logLevel']);
});

test('what new workers can take on is refused until they are replaced', () => {
  const after = { ...BEFORE, maxConnections: 5, logLevel: 'debug' as const };
  expect(() => liveChanges(BEFORE, after)).toThrow(/maxConnections need the workers to be restarted/);
  expect(() => assertRollable(BEFORE, after)).not.toThrow();
  expect(() => liveChanges({ ...BEFORE, workers: 1 }, { ...after, workers: 1 })).toThrow(/need the server to be/);
});

test('what processes share needs the whole server to be restarted', () => {
  const after = { ...BEFORE, data: '/elsewhere', storeUrl: 'postgres://user:hidden@x' };
  expect(() => liveChanges(BEFORE, after)).toThrow(/data, storeUrl need the server to be restarted/);
  expect(() => assertRollable(BEFORE, after)).toThrow(/no worker is replaced: data, storeUrl/);
  expect(() => assertRollable(BEFORE, after)).not.toThrow(/hidden/);
});

test('settings that cannot be used are refused with the reason, other failures are not hidden', async () => {
  await expect(readAgain(() => BEFORE)).resolves.toBe(BEFORE);
  const bad = readAgain(() => {
    throw new ConfigError('config.json: port (line 2): must be a whole number');
  });
  await expect(bad).rejects.toMatchObject({
    code: 'invalid-data',
    message: expect.stringContaining('nothing is changed: config.json: port'),
  });
  const broken = readAgain(() => {
    throw new TypeError('broken');
  });
  await expect(broken).rejects.toBeInstanceOf(TypeError);
});
