import { describe, expect, it } from 'vitest';
import { negotiateVersion } from './version.js';

describe('version negotiation', () => {
  it.each([
    [undefined, '1.0'],
    ['1.0', '1.0'],
    ['1.1', '1.1'],
    ['1.2', '1.2'],
    ['1.0,1.1,1.2', '1.2'],
    ['1.2,1.0,1.1', '1.2'],
    ['1.0,1.1,2.0', '1.1'],
    ['1.0, 1.1 , 1.2', '1.2'],
    ['2.0,3.0', null],
    ['', null],
    ['1.20', null],
    ['__proto__', null],
  ] as const)('of %s gives %s', (offer, version) => {
    expect(negotiateVersion(offer)).toBe(version);
  });
});
