import { expect, test } from 'vitest';
import { returnAddress, withResult } from './return-address.js';

test('the result and the state come in the fragment, whatever they are', () => {
  const address = returnAddress('https://app.example.com/in?x=1', 'a&b#c=d');
  const back = new URL(withResult(address, { kind: 'linked' }));
  expect(back.search).toBe('?x=1');
  expect([...new URLSearchParams(back.hash.slice(1))]).toEqual([
    ['state', 'a&b#c=d'],
    ['linked', 'true'],
  ]);
});

test('a fragment that the application has already is added to', () => {
  const address = returnAddress('https://app.example.com/#/in', undefined);
  expect(withResult(address, { kind: 'second-factor-required', challenge: 'c', expiresAt: 1 })).toBe(
    'https://app.example.com/#/in&challenge=c',
  );
});
