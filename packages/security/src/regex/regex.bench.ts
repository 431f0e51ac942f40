import { bench, describe } from 'vitest';
import { compileRegex } from './compile-regex.js';

const EMAIL = '^[\\w.+-]+@[a-z0-9-]+\\.[a-z]{2,10}$';
const ours = compileRegex(EMAIL, '');
const native = new RegExp(EMAIL);
const short = 'ada.lovelace@example.com';
const long = `${'a'.repeat(10_000)}@example.com`;

describe('an e-mail address', () => {
  bench('ours', () => void ours.test(short));
  bench('JavaScript', () => void native.test(short));
});

describe('10,000 characters', () => {
  bench('ours', () => void ours.test(long));
  bench('JavaScript', () => void native.test(long));
});

describe('what makes JavaScript backtrack, 22 characters', () => {
  const evil = compileRegex('^(a+)+$', '');
  const evilNative = /^(a+)+$/;
  const text = `${'a'.repeat(21)}!`;
  bench('ours', () => void evil.test(text));
  bench('JavaScript', () => void evilNative.test(text));
});
