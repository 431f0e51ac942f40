import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { assertRunnable } from './assert-runnable.js';

const FILE = fileURLToPath(import.meta.url);
const HERE = dirname(FILE);
const DEFAULTS = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;
const refusal = (changes: Partial<ServerConfig>): string => {
  try {
    assertRunnable({ ...DEFAULTS, ...changes });
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
};

describe('what can be seen before anything is opened', () => {
  test.each<Partial<ServerConfig>>([
    {},
    { trustedProxies: ['10.0.0.0/8', '::1', 'loopback'] },
    { port: 0, tcpPort: 0 },
    { port: 5000, tcpPort: 5000, role: 'api' },
    { jobs: HERE, functions: HERE },
    { jobs: '/nope', jobWorkers: 0 },
    { jobs: '/nope', functions: '/nope', role: 'proxy' },
  ])('is right: %o', (changes) => {
    expect(refusal(changes)).toBe('');
  });

  test.each<[Partial<ServerConfig>, RegExp]>([
    [{ trustedProxies: ['foo'] }, /^trustedProxies: .*foo/],
    [{ trustedProxies: ['10.0.0.0/99'] }, /^trustedProxies: .*10\.0\.0\.0\/99/],
    [{ port: 7000, tcpPort: 7000 }, /^tcpPort: must not be 7000, which is port/],
    [{ jobs: '/nope' }, /^jobs: \/nope is not a folder$/],
    [{ jobs: FILE }, /^jobs: .* is not a folder$/],
    [{ functions: '/nope' }, /^functions: \/nope is not a folder$/],
  ])('is refused, naming the option: %o', (changes, message) => {
    expect(refusal(changes)).toMatch(message);
  });
});
