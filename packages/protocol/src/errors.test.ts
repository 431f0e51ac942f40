import { parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { BacksideError, ERRORS, toBacksideError } from './errors.js';
import { isRetryable } from './retryable.js';

describe('errors', () => {
  it('of the tree keep their code and text', () => {
    const error = capture(() => parsePath('/a.b'));
    expect(toBacksideError(error)).toMatchObject({
      code: 'invalid-path',
      message: (error as Error).message,
      cause: error,
    });
  });

  it('are retryable as the table says', () => {
    for (const [code, { retry }] of Object.entries(ERRORS)) expect([code, isRetryable(code)]).toEqual([code, retry]);
    expect(isRetryable('unheard-of')).toBe(false);
  });

  it('with a code of the table pass unchanged', () => {
    const error = new BacksideError('permission-denied', undefined, { trace: 't-1' });
    expect(toBacksideError(error)).toBe(error);
    expect(error.message).toBe(ERRORS['permission-denied'].stompMessage);
  });

  it('that refuse are cheap, for they have no stack; failures have one', () => {
    expect(new BacksideError('permission-denied').stack).not.toContain('    at ');
    expect(new BacksideError('unavailable').stack).toContain('    at ');
  });

  it.each([
    new Error('secret'),
    Object.assign(new Error('secret'), { code: 'ENOSPC' }),
    'secret',
    null,
    { code: 'toString' },
  ])('that are unknown become internal and do not show their text: %j', (thrown) => {
    const error = toBacksideError(thrown);
    expect(error).toMatchObject({ code: 'internal', cause: thrown });
    expect(error.message).not.toContain('secret');
  });
});

function capture(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
