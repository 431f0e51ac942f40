import { expect, it } from 'vitest';
import { formatResumePoint, parseResumePoint } from './headers.js';

it('a resume point reads back from its text', () => {
  const point = { epoch: '3f0c9a1e-1', revision: 42 };
  expect(parseResumePoint(formatResumePoint(point))).toEqual(point);
});

it.each(['', '1', ':1', 'a:', 'a:-1', 'a:1.5', 'a:1:2', 'a b:1', `${'x'.repeat(65)}:1`, 'a:1234567890123456'])(
  '%j is not a resume point',
  (text) => {
    expect(parseResumePoint(text)).toBeNull();
  },
);
