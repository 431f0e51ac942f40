import { describe, expect, it } from 'vitest';
import { LIMITS_AFTER_CONNECT, type ParserLimits } from './limits.js';
import { octetsOf, type Reading, read, readPieces, singly } from './read-frames-fixture.js';

const LIMITS: ParserLimits = {
  maxCommandBytes: 8,
  maxHeaders: 3,
  maxHeaderLineBytes: 12,
  maxHeaderSectionBytes: 28,
  maxBodyBytes: 10,
};

/** The reading of a text whole, which must equal that one octet at a time. */
function readBothWays(text: string): Reading {
  const whole = read(text, '1.2', LIMITS);
  const bySingles = readPieces(singly(octetsOf(text)), '1.2', LIMITS);
  expect(bySingles.frames).toEqual(whole.frames);
  expect(bySingles.error?.code).toEqual(whole.error?.code);
  return whole;
}

describe('at a limit', () => {
  it.each([
    ['a command', 'ABCDEFGH\n\n\0'],
    ['a command with CR LF', 'ABCDEFGH\r\n\r\n\0'],
    ['the number of headers', 'A\na:1\nb:2\nc:3\n\n\0'],
    ['a header line', 'A\na:1234567890\n\n\0'],
    ['a header line with CR LF', 'A\na:1234567890\r\n\n\0'],
    ['the header section', 'A\na:1234567890\na:1234567890\n\n\0'],
    ['the header section with CR LF before the body', 'A\na:1234567890\na:1234567890\n\r\n\0'],
    ['a body that NUL ends', 'A\n\n0123456789\0'],
    ['a counted body', 'A\ncontent-length:10\n\n0123456789\0'],
  ])('%s is accepted', (what, text) => {
    const limits = what === 'a counted body' ? { ...LIMITS, maxHeaderLineBytes: 20 } : LIMITS;
    expect(read(text, '1.2', limits).error).toBeUndefined();
    expect(readPieces(singly(octetsOf(text)), '1.2', limits)).toEqual(read(text, '1.2', limits));
  });
});

describe('beyond a limit', () => {
  it.each([
    ['a command', 'ABCDEFGHI\n\n\0'],
    ['the number of headers', 'A\na:1\nb:2\nc:3\nd:4\n\n\0'],
    ['a header line', 'A\na:12345678901\n\n\0'],
    ['the header section', 'A\na:1234567890\na:1234567890\nb:1\n\n\0'],
    ['a body that NUL ends', 'A\n\n01234567890\0'],
  ])('%s is refused', (_what, text) => {
    const { frames, error } = readBothWays(text);
    expect(frames).toEqual([]);
    expect(error?.code).toBe('too-large');
  });

  it('an oversize body is refused at its header, with the receipt', () => {
    for (const length of ['16777217', '10000000000', '9'.repeat(400)]) {
      const { error } = read(`SEND\nreceipt:7\ncontent-length:${length}\n\n`);
      expect(error).toMatchObject({ code: 'too-large', frame: { receipt: '7' } });
    }
  });

  it('a head that is too long is refused with the names that were read', () => {
    const bound = 'x'.repeat(70_000);
    expect(read(`SUBSCRIBE\nid:s\\c1\nquery:${bound}\nreceipt:7\n\n\0`).error?.frame).toEqual({ subscription: 's:1' });
    expect(read(`SEND\nid:s\nreceipt:7\na:${bound}\n\n\0`).error?.frame).toEqual({ receipt: '7' });
  });

  it('what has no end is refused as soon as the limit is passed', () => {
    const block = new Uint8Array(1024).fill(0x61);
    const fed = (start: string): number => {
      let count = 0;
      function* endless(): Generator<Uint8Array> {
        yield octetsOf(start);
        for (; count < 100_000; count++) yield block;
      }
      expect(readPieces(endless(), '1.2').error?.code).toBe('too-large');
      return count * block.length;
    };
    expect(fed('')).toBeLessThanOrEqual(1024);
    expect(fed('SEND\na:')).toBeLessThanOrEqual(LIMITS_AFTER_CONNECT.maxHeaderLineBytes + 1024);
    expect(fed('SEND\n\n')).toBeLessThanOrEqual(LIMITS_AFTER_CONNECT.maxBodyBytes + 1024);
  });

  it('endless header lines are refused by their number and by the length of the section', () => {
    const limits = { ...LIMITS_AFTER_CONNECT, maxHeaders: Number.POSITIVE_INFINITY };
    const lines = octetsOf(`a:${'x'.repeat(997)}\n`);
    const pieces = [octetsOf('SEND\nreceipt:7\n'), ...Array.from({ length: 1000 }, () => lines)];
    expect(readPieces(pieces, '1.2').error).toMatchObject({ code: 'too-large', frame: { receipt: '7' } });
    expect(readPieces(pieces, '1.2', limits).error).toMatchObject({ code: 'too-large', frame: { receipt: '7' } });
  });
});
