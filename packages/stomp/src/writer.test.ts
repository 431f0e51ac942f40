import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { octetsOf, read } from './read-frames-fixture.js';
import { StompError } from './stomp-error.js';
import { VERSIONS } from './version.js';
import { formatHeaders, formatWritableHeaders, writeFrame } from './writer.js';

const text = (octets: Uint8Array): string => new TextDecoder().decode(octets);

describe('writing a frame', () => {
  it('puts content-length before the body, then NUL and a line feed', () => {
    const octets = writeFrame({ command: 'MESSAGE', headers: [['a', 'b']], body: octetsOf('ü') }, '1.2');
    expect(text(octets)).toBe('MESSAGE\na:b\ncontent-length:2\n\nü\0\n');
  });

  it('writes content-length:0 for an empty body and none for a missing one', () => {
    expect(text(writeFrame({ command: 'MESSAGE', headers: [], body: new Uint8Array(0) }, '1.2'))).toBe(
      'MESSAGE\ncontent-length:0\n\n\0\n',
    );
    expect(text(writeFrame({ command: 'RECEIPT', headers: [['receipt-id', '1']] }, '1.2'))).toBe(
      'RECEIPT\nreceipt-id:1\n\n\0\n',
    );
  });

  it('leaves out a content-length that the caller gives', () => {
    const headers: [string, string][] = [['content-length', '99']];
    expect(text(writeFrame({ command: 'SEND', headers, body: octetsOf('x') }, '1.1'))).toBe(
      'SEND\ncontent-length:1\n\nx\0\n',
    );
  });

  it('appends header lines that were formatted before', () => {
    const formattedHeaders = formatHeaders([['c', 'x:y']], '1.2');
    const octets = writeFrame({ command: 'MESSAGE', headers: [['a', '1']], formattedHeaders }, '1.2');
    expect(text(octets)).toBe('MESSAGE\na:1\nc:x\\cy\n\n\0\n');
  });

  it('escapes names and values as each version defines', () => {
    const headers: [string, string][] = [['n:', 'a\\b:c\nd']];
    expect(formatHeaders(headers, '1.2')).toBe('n\\c:a\\\\b\\cc\\nd\n');
    expect(formatHeaders(headers, '1.1')).toBe('n\\c:a\\\\b\\cc\\nd\n');
    expect(formatHeaders([['v', '\r']], '1.2')).toBe('v:\\r\n');
    expect(formatHeaders([['v', 'a\\b:c']], '1.0')).toBe('v:a\\b:c\n');
  });

  it('never escapes CONNECT, STOMP and CONNECTED', () => {
    for (const command of ['CONNECT', 'STOMP', 'CONNECTED']) {
      const octets = writeFrame({ command, headers: [['heart', 'a\\b:c']] }, '1.2');
      expect(text(octets)).toBe(`${command}\nheart:a\\b:c\n\n\0\n`);
      expect(() => writeFrame({ command, headers: [['heart', 'a\nb']] }, '1.2')).toThrow(StompError);
    }
  });

  it.each([
    ['1.0', 'a', 'x\ny'],
    ['1.0', 'a', 'x\ry'],
    ['1.0', 'a:b', 'x'],
    ['1.1', 'a', 'x\ry'],
    ['1.2', '', 'x'],
    ['1.2', 'a', 'x\0'],
    ['1.2', 'a', '\ud800'],
  ] as const)('refuses in %s what it cannot carry: %j %j', (version, name, value) => {
    expect(() => formatHeaders([[name, value]], version)).toThrow(
      expect.objectContaining({ name: 'StompError', code: 'invalid-header' }),
    );
    expect(
      formatWritableHeaders(
        [
          ['a', 'x'],
          [name, value],
          ['b', 'y'],
        ],
        version,
      ),
    ).toBe('a:x\nb:y\n');
  });

  it('keeps frames apart that were written one after the other', () => {
    const sizes = [1, 100, 5_000, 16_384, 70_000, 3, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000];
    const frames = sizes.map((size, index) =>
      writeFrame({ command: 'SEND', headers: [], body: new Uint8Array(size).fill(65 + index) }, '1.2'),
    );
    for (const [index, octets] of frames.entries()) {
      expect(read(octets).frames[0]?.body).toBe(String.fromCharCode(65 + index).repeat(sizes[index]!));
    }
  });
});

describe('what is written', () => {
  const headerText = fc.string({ unit: 'binary' });
  const frames = fc.record({
    command: fc.constantFrom('SEND', 'MESSAGE', 'SUBSCRIBE'),
    headers: fc.array(fc.tuple(headerText, headerText), { maxLength: 6 }),
    body: fc.uint8Array({ maxLength: 300 }),
  });

  it.each(VERSIONS)('is read back alike in %s', (version) => {
    fc.assert(
      fc.property(frames, ({ command, headers, body }) => {
        const writable = headers.filter(
          ([name, value]) =>
            name !== 'content-length' &&
            formatWritableHeaders([[name, value]], version) !== '' &&
            (version !== '1.0' || (!value.startsWith(' ') && !name.startsWith('\r'))),
        );
        const { frames: got, error } = read(writeFrame({ command, headers: writable, body }, version), version);
        expect(error).toBeUndefined();
        expect(got).toEqual([
          { command, headers: [...writable, ['content-length', `${body.length}`]], body: String.fromCharCode(...body) },
        ]);
      }),
      { numRuns: 1000 },
    );
  });
});
