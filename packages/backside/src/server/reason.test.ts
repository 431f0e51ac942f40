import { BacksideError } from '@backside/protocol';
import { expect, test } from 'vitest';
import { reasonOf } from './reason.js';

const URL = 'mongodb://u:sesame@db1/';

test('a reason has the cause that its error is about, once', () => {
  const cause = new Error('connect ECONNREFUSED db1');
  const bare = new BacksideError('unavailable', 'the server cannot be used', { cause });
  expect(reasonOf(bare, URL)).toBe('the server cannot be used: connect ECONNREFUSED db1');
  const told = new BacksideError('unavailable', 'db1: connect ECONNREFUSED db1', { cause });
  expect(reasonOf(told, URL)).toBe('db1: connect ECONNREFUSED db1');
  expect(reasonOf('no error at all', URL)).toBe('no error at all');
});

test('a reason has no password, neither of the error nor of its cause', () => {
  const cause = new Error('"mongodb://u:sesame@db1/" is no connection string');
  expect(reasonOf(new Error('with sesame', { cause }), URL)).not.toContain('sesame');
});
