import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTotpEnrolment, verifyTotp } from './totp.js';

const NOW = 1_800_000_000_000;
const STEP_MS = 30_000;

/** RFC 6238 by hand, as an oracle for the library. */
function codeAt(secret: string, timeMs: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(timeMs / STEP_MS)));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const offset = mac[19]! & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (char) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

describe('time-based codes', () => {
  const { secret, uri } = createTotpEnrolment('My: App', 'bob@example.org');
  const verify = (code: string, lastStep: number | null = null): number | null =>
    verifyTotp({ secret, code, now: NOW, lastStep });

  it('enrols with a secret of 160 bits and a URI for authenticators', () => {
    expect(fromBase32(secret)).toHaveLength(20);
    const parsed = new URL(uri);
    expect(parsed.protocol).toBe('otpauth:');
    expect(parsed.searchParams.get('secret')).toBe(secret);
    expect(parsed.searchParams.get('issuer')).toBe('My  App');
    expect(decodeURIComponent(parsed.pathname)).toMatch(/bob@example\.org$/);
    expect(createTotpEnrolment('a', 'b').secret).not.toBe(secret);
  });

  it('takes the code of the present step and of its neighbours, and says which', () => {
    const step = Math.floor(NOW / STEP_MS);
    expect(verify(codeAt(secret, NOW))).toBe(step);
    expect(verify(codeAt(secret, NOW - STEP_MS))).toBe(step - 1);
    expect(verify(codeAt(secret, NOW + STEP_MS))).toBe(step + 1);
    expect(verify(codeAt(secret, NOW).replace(/(...)/, '$1 '))).toBe(step);
  });

  it('refuses codes two steps away', () => {
    expect(verify(codeAt(secret, NOW - 2 * STEP_MS))).toBeNull();
    expect(verify(codeAt(secret, NOW + 2 * STEP_MS))).toBeNull();
  });

  it('refuses a code that was used, and every older one', () => {
    const step = Math.floor(NOW / STEP_MS);
    expect(verify(codeAt(secret, NOW), step)).toBeNull();
    expect(verify(codeAt(secret, NOW - STEP_MS), step)).toBeNull();
    expect(verify(codeAt(secret, NOW + STEP_MS), step)).toBe(step + 1);
  });

  it.each(['', '12345', '1234567', 'abcdef', '１２３４５６', '-12345', '12345e', '1e5   ', '      '])(
    'refuses %j without a look',
    (code) => {
      expect(verify(code)).toBeNull();
    },
  );
});
