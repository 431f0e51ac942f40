import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { octetsOf, read } from './read-frames-fixture.js';
import { formatTextFrame, type TextFrame, TextFrameReader } from './text-frame.js';

function readTexts(...pieces: readonly string[]): TextFrame[] {
  const frames: TextFrame[] = [];
  const reader = new TextFrameReader((frame) => frames.push(frame));
  for (const piece of pieces) reader.push(piece);
  return frames;
}

/** Frames as `FrameParser` gives them: the same, with the octets of the body one character each. */
function plain(frames: readonly TextFrame[]): unknown[] {
  return frames.map(({ command, headers, body }) => ({
    command,
    headers: [...headers],
    body: String.fromCharCode(...octetsOf(body)),
  }));
}

const text = fc.string({ unit: fc.constantFrom('a', ':', '\\', '\n', '\r', '€', '😀', ' ', '"') });
const headers = fc.uniqueArray(fc.tuple(text.filter(Boolean), text), { selector: ([name]) => name, maxLength: 4 });
const frame = fc.record({ command: fc.constantFrom('SEND', 'MESSAGE', 'RECEIPT'), headers, body: text });

describe('frames of text', () => {
  it('are what the parser of octets makes of them', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), (frames) => {
        const written = frames.map(formatTextFrame).join('\n');
        expect(plain(readTexts(written))).toEqual(read(written).frames);
        expect(readTexts(written).map((each) => ({ ...each, headers: [...each.headers] }))).toEqual(frames);
      }),
    );
  });

  it('may be cut anywhere, with heart-beats between them', () => {
    const places = fc.array(fc.nat(200), { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), places, (frames, cuts) => {
        const written = `\n\r\n${frames.map(formatTextFrame).join('\n\n')}\n`;
        const edges = [0, ...cuts.map((place) => place % (written.length + 1)).sort((a, b) => a - b), written.length];
        const texts = edges.slice(1).map((edge, index) => written.slice(edges[index], edge));
        expect(readTexts(...texts)).toEqual(readTexts(written));
      }),
    );
  });

  it('may have lines that end in CR LF, and headers that repeat', () => {
    const [only] = readTexts('\r\nMESSAGE\r\na:1\r\na:2\r\nb:\r\n\r\nbody\r\n\0');
    expect(only).toEqual({
      command: 'MESSAGE',
      headers: new Map([
        ['a', '1'],
        ['b', ''],
      ]),
      body: 'body\r\n',
    });
  });

  it('of CONNECT and CONNECTED are not escaped', () => {
    const written = formatTextFrame({ command: 'CONNECT', headers: [['token', 'a\\b:c']] });
    expect(written).toBe('CONNECT\ntoken:a\\b:c\n\n\0');
    expect(readTexts('CONNECTED\nserver:a\\b\n\n\0')[0]?.headers.get('server')).toBe('a\\b');
  });

  it.each(['MESSAGE\nabc\n\n\0', 'MESSAGE\n:abc\n\n\0', 'MESSAGE\na:\\x\n\n\0', 'MESSAGE\na:b\0'])(
    'that are none are refused: %j',
    (input) => {
      expect(() => readTexts(input)).toThrow(expect.objectContaining({ code: 'invalid-frame' }));
    },
  );

  it.each([
    [{ command: 'CONNECT', headers: [['token', 'a\nb']] as const }, 'invalid-header'],
    [{ command: 'SEND', headers: [['destination', '\0']] as const }, 'invalid-header'],
    [{ command: 'SEND', headers: [], body: 'a\0b' }, 'invalid-frame'],
  ])('that cannot be written are refused: %j', (outgoing, code) => {
    expect(() => formatTextFrame(outgoing)).toThrow(expect.objectContaining({ code }));
  });
});
