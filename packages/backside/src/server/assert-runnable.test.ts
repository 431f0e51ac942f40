import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { assertRunnable } from './assert-runnable.js';

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
  test.each<Partial<ServerConfig>>([{}, { trustedProxies: ['10.0.0.0/8', '::1', 'loopback'] }])(
    'is right: %o',
    (changes) => {
      expect(refusal(changes)).toBe('');
    },
  );

  test.each<[Partial<ServerConfig>, RegExp]>([
    [{ trustedProxies: ['foo'] }, /^trustedProxies: .*foo/],
    [{ trustedProxies: ['10.0.0.0/99'] }, /^trustedProxies: .*10\.0\.0\.0\/99/],
  ])('is refused, naming the option: %o', (changes, message) => {
    expect(refusal(changes)).toMatch(message);
  });
});
