import { BacksideError } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import { createCheckRedirect } from './allowed-redirects.js';

const check = createCheckRedirect([
  'https://app.example.com/signed-in',
  'https://tools.example.com',
  'com.example.app:/back',
]);

describe('where a sign-in may lead back to', () => {
  test.each([
    'https://app.example.com/signed-in',
    'https://app.example.com/signed-in/deep?x=1',
    'https://app.example.com:443/signed-in',
    'https://tools.example.com/any/where',
    'com.example.app:/back',
  ])('allows %s', (target) => {
    expect(new URL(check(target)).href).toBe(new URL(target).href);
  });

  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https://evil.example',
    'http://app.example.com/signed-in',
    'https://app.example.com.evil.example/signed-in',
    'https://evilapp.example.com/signed-in',
    'https://app.example.com@evil.example/signed-in',
    'https://user:secret@app.example.com/signed-in',
    'https://app.example.com:8443/signed-in',
    'https://app.example.com/signed-in-not',
    'https://app.example.com/signed-in/../other',
    'https://app.example.com/signed-in/%2e%2e/other',
    'https://app.example.com/',
    'https://tools.example.com\\@evil.example',
    'https://tools.example.com\t.evil.example',
    ' https://tools.example.com/',
    'https://tools.example.com/\r\nset-cookie: a=b',
    'https://tools.example.com/#access_token=forged',
    'https://tools.example.com。evil.example/',
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/back/more',
    '/relative',
    '',
  ])('refuses %j', (target) => {
    expect(() => check(target)).toThrow(BacksideError);
  });

  test('allows nothing if nothing is configured', () => {
    expect(() => createCheckRedirect([])('https://app.example.com/')).toThrow(BacksideError);
  });
});
