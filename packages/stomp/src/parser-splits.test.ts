import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cut, octetsOf, read, readPieces, singly } from './read-frames-fixture.js';

/** Sessions with everything that a cut can hurt: escapes, CR LF, UTF-8, NUL in bodies, line ends between frames, errors. */
const SESSIONS: readonly (readonly [string, string])[] = [
  ['plain', 'SEND\ndestination:/a\nreceipt:1\n\n{"a":1}\0\n\nSEND\ndestination:/b\n\n\0'],
  ['escapes', 'SEND\ndestination:/\\\\n\\c\\r\\n\nn\\cm:v\n\nx\0'],
  ['CR LF', '\r\nSEND\r\na:1\r\nb:\r\n\r\nbody\r\n\0\r\n\r\nACK\r\n\r\n\0'],
  ['UTF-8', 'SEND\nä:€\ncontent-length:7\n\n€😀\0SEND\n\n€\0'],
  ['counted bodies', 'SEND\ncontent-length:5\n\na\0b\0c\0SEND\ncontent-length:0\n\n\0\nSEND\n\n\0'],
  ['no blank line', 'DISCONNECT\nreceipt:77\n\0\n'],
  ['a missing colon', 'SEND\n\nok\0SEND\nreceipt:5\nabc\n\n\0SEND\n\n\0'],
  ['a body too long', 'SEND\nreceipt:5\ncontent-length:2\n\nabc\0SEND\n\n\0'],
  ['an undefined escape', 'SEND\nreceipt:\\c\na:\\x\n\n\0'],
  ['NUL in a header', 'SEND\nreceipt:5\nab\0'],
  ['an endless command', `${'A'.repeat(40)}\n\n\0`],
];

describe.each(SESSIONS)('a session with %s', (_name, text) => {
  const octets = octetsOf(text);
  const whole = read(octets);

  it('is read alike one octet at a time', () => {
    expect(readPieces(singly(octets), '1.2')).toEqual(whole);
  });

  it('is read alike cut in two at every place', () => {
    for (let place = 0; place <= octets.length; place++) {
      expect(readPieces(cut(octets, [place]), '1.2')).toEqual(whole);
    }
  });

  it('is read alike cut in three at every pair of places', () => {
    for (let first = 0; first <= octets.length; first++) {
      for (let second = first; second <= octets.length; second++) {
        const { frames, error } = readPieces(cut(octets, [first, second]), '1.2');
        if (frames.length !== whole.frames.length || error?.message !== whole.error?.message) {
          expect({ first, second, frames, error }).toEqual(whole);
        }
      }
    }
  });
});

describe('random cuts', () => {
  it('do not matter', () => {
    const input = fc.array(fc.constantFrom(...SESSIONS.map(([, text]) => text)), { minLength: 1, maxLength: 4 });
    const places = fc.array(fc.nat(1000), { maxLength: 12 });
    fc.assert(
      fc.property(input, places, (texts, cuts) => {
        const octets = octetsOf(texts.join(''));
        const pieces = cut(
          octets,
          cuts.map((place) => place % (octets.length + 1)),
        );
        expect(readPieces(pieces, '1.2')).toEqual(read(octets));
      }),
      { numRuns: 500 },
    );
  });
});
