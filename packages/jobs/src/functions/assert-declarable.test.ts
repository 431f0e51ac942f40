import { describe, expect, it } from 'vitest';
import { assertDeclarable } from './assert-declarable.js';
import type { FunctionOptions, Trigger } from './define.js';

const WRITE: Trigger = { kind: 'write', pattern: '/orders/{id}' };

describe('what can be declared', () => {
  const declare = (trigger: Trigger, options: object = {}, name = 'orders:count'): void =>
    assertDeclarable({ name, file: 'orders', trigger, options: options as FunctionOptions });

  it('is any function that can run', () => {
    declare(WRITE, { timeoutMs: 1, attempts: 1, backoffMs: 0, order: 'kept' });
    declare({ kind: 'schedule', cron: '0 3 * * *', timezone: 'Europe/Berlin' });
    declare({ kind: 'user-created' });
  });

  it.each([
    [WRITE, { timeoutMs: 0 }, 'timeoutMs cannot be 0'],
    [WRITE, { timeoutMs: 2 ** 31 }, 'timeoutMs cannot be 2147483648'],
    [WRITE, { attempts: '3' }, 'attempts cannot be 3'],
    [WRITE, { backoffMs: Number.NaN }, 'backoffMs cannot be NaN'],
    [WRITE, { order: 'none' }, 'order cannot be none'],
    [{ kind: 'write', pattern: 'orders' } as Trigger, {}, '"orders" is no pattern'],
    [{ kind: 'schedule', cron: 'often' } as Trigger, {}, '"often" is no schedule'],
  ])('is not %j with %j', (trigger, options, reason) => {
    const refusal = { code: 'invalid-data', message: expect.stringContaining(reason) };
    expect(() => declare(trigger, options)).toThrow(expect.objectContaining(refusal));
  });

  it('has a name that can be a key', () => {
    expect(() => declare(WRITE, {}, 'orders:$count')).toThrow(expect.objectContaining({ code: 'invalid-data' }));
  });
});
