import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commitAt, RICH } from './heard.js';
import { decodeNotice, encodeNotice, NOTICE_FORMAT, SENDER_BYTES } from './notice-codec.js';
import { GAP, type Notice } from './notifier.js';

const SENDER = Buffer.alloc(SENDER_BYTES, 1);
const SELF = Buffer.alloc(SENDER_BYTES, 2);

function encoded(...commits: (typeof RICH)[]): Buffer {
  return encodeNotice({ commits: commits.map((commit) => commit.encoded()), head: commits.at(-1)!.revision }, SENDER);
}

function fieldsOf(notice: Notice | null): unknown {
  return notice && { head: notice.head, commits: notice.commits.map((commit) => ({ ...commit })) };
}

describe('a notice as it travels', () => {
  it('is the same once decoded', () => {
    const commits = [RICH, commitAt(2), commitAt(3, 'ö'.repeat(5_000))];
    expect(fieldsOf(decodeNotice(encoded(...commits), SELF))).toEqual({
      head: 3,
      commits: commits.map((commit) => ({ ...commit })),
    });
  });

  it('may have no commits, and no head', () => {
    expect(decodeNotice(encodeNotice({ commits: [], head: 2 ** 53 - 1 }, SENDER), SELF)).toEqual({
      commits: [],
      head: 2 ** 53 - 1,
    });
    expect(decodeNotice(encodeNotice({ commits: [], head: null }, SENDER), SELF)).toEqual(GAP);
  });

  it('is nothing to whoever sent it', () => {
    expect(decodeNotice(encoded(RICH), SENDER)).toBeNull();
  });

  it('keeps nothing of the buffer that it came in', () => {
    const buffer = Buffer.alloc(1024 * 1024);
    const message = encoded(commitAt(1, 'x'.repeat(20_000)));
    message.copy(buffer, 7);
    const notice = decodeNotice(buffer.subarray(7, 7 + message.length), SELF);
    buffer.fill(0);
    expect(fieldsOf(notice)).toEqual(fieldsOf(decodeNotice(message, SELF)));
    expect(notice!.commits[0]!.encoded().buffer.byteLength).toBeLessThan(buffer.length / 2);
  });
});

describe('a notice of a node of another version', () => {
  it('tells the head, whatever follows the header', () => {
    const later = Buffer.concat([encoded(RICH, commitAt(41), commitAt(42)).subarray(0, 26), Buffer.from('compressed')]);
    later[1] = NOTICE_FORMAT + 1;
    expect(decodeNotice(later, SELF)).toEqual({ commits: [], head: 42 });
  });

  it('is still nothing to whoever sent it', () => {
    const later = encoded(RICH);
    later[1] = 200;
    expect(decodeNotice(later, SENDER)).toBeNull();
  });

  it('is laid out as every version has to know it', () => {
    const hex = encoded(commitAt(258)).toString('hex');
    expect(hex.slice(0, 52)).toBe(`b501${'0000000000000102'}${'01'.repeat(16)}`);
    expect(Number.parseInt(hex.slice(52, 60), 16)).toBe(1);
    expect(Number.parseInt(hex.slice(60, 68), 16)).toBe(commitAt(258).encoded().length);
    expect(Buffer.from(hex.slice(68), 'hex')).toEqual(Buffer.from(commitAt(258).encoded()));
  });
});

describe('a damaged notice', () => {
  const whole = encoded(RICH, commitAt(2));

  it('tells the head if that is left of it, and a gap otherwise, wherever it is cut', () => {
    for (let length = 0; length < whole.length; length += 1) {
      const heard = decodeNotice(whole.subarray(0, length), SELF);
      expect(heard).toEqual(length < 26 ? GAP : { commits: [], head: 2 });
    }
  });

  it('never throws, and never tells commits without a head', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length - 1), (noise, at) => {
        const damaged = Buffer.from(whole);
        damaged.set(noise.subarray(0, whole.length - at), at);
        for (const bytes of [noise, damaged]) {
          const heard = decodeNotice(bytes, SELF);
          expect(heard === null || heard.head !== null || heard.commits.length === 0).toBe(true);
        }
      }),
    );
  });

  it('does not believe how many commits it claims to have', () => {
    const claims = Buffer.from(whole);
    claims.writeUInt32BE(0xffff_ffff, 26);
    expect(decodeNotice(claims, SELF)).toEqual({ commits: [], head: 2 });
    const lengths = Buffer.from(whole);
    lengths.writeUInt32BE(0xffff_ffff, 30);
    expect(decodeNotice(lengths, SELF)).toEqual({ commits: [], head: 2 });
  });
});
