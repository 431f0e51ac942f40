import { describe, expect, it } from 'vitest';
import { createRecoveryCodes, redeemRecoveryCode } from './recovery-codes.js';

describe('recovery codes', () => {
  const { codes, hashes } = createRecoveryCodes();

  it('are ten different ones, kept as hashes only', () => {
    expect(new Set(codes).size).toBe(10);
    expect(new Set(hashes).size).toBe(10);
    for (const code of codes) {
      expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
      expect(hashes.join()).not.toContain(code);
    }
    expect(createRecoveryCodes().codes).not.toEqual(codes);
  });

  it('each work once', () => {
    let left: readonly string[] = hashes;
    for (const [used, code] of codes.entries()) {
      const rest = redeemRecoveryCode(code, left);
      expect(rest).toHaveLength(9 - used);
      left = rest!;
      expect(redeemRecoveryCode(code, left)).toBeNull();
    }
  });

  it('forgive how they are typed', () => {
    const typed = codes[3]!.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
    expect(redeemRecoveryCode(typed, hashes)).toEqual(hashes.filter((_, at) => at !== 3));
  });

  it.each(['', '0000-0000-0000-0000', 'X'.repeat(1_000_000), '____-____-____-____'])(
    'refuse what is none of them',
    (code) => {
      expect(redeemRecoveryCode(code, hashes)).toBeNull();
    },
  );

  it('refuse a hash shown as a code', () => {
    expect(redeemRecoveryCode(hashes[0]!, hashes)).toBeNull();
  });
});
