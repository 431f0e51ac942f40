import { describe, expect, test } from 'vitest';
import { describeSettings, parseBackendjsSettings } from './settings.js';
import { SETTINGS } from './single-settings.js';

describe('settings', () => {
  test('have names of their own, and defaults that are allowed', () => {
    const names = Object.values(SETTINGS).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const numbers = Object.values(SETTINGS).filter(({ kind }) => kind === 'number');
    const asText = Object.fromEntries(numbers.map(({ name, fallback }) => [name, String(fallback)]));
    expect(parseBackendjsSettings(asText)).toEqual(parseBackendjsSettings({}));
  });

  test('are read as texts or JSON, under every name that the original gave them', () => {
    const settings = parseBackendjsSettings({
      'allow-path': ['^/a$'],
      'deny-path': '^/(b|c)$',
      'api-no-session': 'yes',
    });
    expect(settings.allow).toEqual(['^/login$', '^/logout$', '^/a$']);
    expect(settings.deny).toEqual(['^/(b|c)$']);
    expect(settings.noSession).toBe(true);
  });

  test('show no secret', () => {
    const shown = describeSettings(
      parseBackendjsSettings({ 'api-session-secret': 'hidden', 'api-upload-limit': 2 ** 21 }),
    );
    expect(shown.get('-api-session-secret')).toBe('***');
    expect(shown.get('-api-upload-limit')).toBe('2097152');
    expect([...shown.values()]).not.toContain('hidden');
  });
});
