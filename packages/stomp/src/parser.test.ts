import { describe, expect, it } from 'vitest';
import { LIMITS_AFTER_CONNECT } from './limits.js';
import { FrameParser } from './parser.js';
import { hex, octetsOf, read, readPieces, singly } from './read-frames-fixture.js';

describe('the grammar of a frame', () => {
  it('reads a frame given as octets', () => {
    const octets = hex('53454e44 0a 64657374696e6174696f6e 3a 2f61 0a 0a 7b7d 00');
    expect(read(octets).frames).toEqual([{ command: 'SEND', headers: [['destination', '/a']], body: '{}' }]);
  });

  it('reads a frame without headers and body', () => {
    expect(read('DISCONNECT\n\n\0').frames).toEqual([{ command: 'DISCONNECT', headers: [], body: '' }]);
  });

  it('reads several frames in one chunk with and without line ends between them', () => {
    const { frames } = read('A\n\n1\0B\n\n2\0\n\r\n\nC\n\n3\0');
    expect(frames.map((frame) => frame.command + frame.body)).toEqual(['A1', 'B2', 'C3']);
  });

  it.each(['1.0', '1.1', '1.2', null] as const)(
    'drops a carriage return before a line feed (version %s)',
    (version) => {
      const { frames } = read('SEND\r\na:1\r\nb:2\n\r\nbody\0\r\n', version);
      expect(frames).toEqual([
        {
          command: 'SEND',
          headers: [
            ['a', '1'],
            ['b', '2'],
          ],
          body: 'body',
        },
      ]);
    },
  );

  it('keeps a carriage return within a value and in the body', () => {
    expect(read('SEND\na:x\ry\n\nb\r\n\0', '1.1').frames).toEqual([
      { command: 'SEND', headers: [['a', 'x\ry']], body: 'b\r\n' },
    ]);
  });

  it('takes the first of repeated headers and keeps the others in the list', () => {
    let first: string | undefined;
    const parser = new FrameParser({
      limits: LIMITS_AFTER_CONNECT,
      onFrame: ({ headers }) => {
        first = headers.get('a');
        expect(headers.size).toBe(2);
      },
    });
    parser.push(octetsOf('SEND\na:1\na:2\n\n\0'));
    expect(first).toBe('1');
  });

  it('accepts an empty value and a colon within a value', () => {
    expect(read('SEND\na:\nb:x:y\n\n\0').frames[0]?.headers).toEqual([
      ['a', ''],
      ['b', 'x:y'],
    ]);
  });

  it('takes names such as __proto__ as plain data', () => {
    expect(read('SEND\n__proto__:1\nconstructor:2\n\n\0').frames[0]?.headers).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('ends a frame at a NUL that begins a header line', () => {
    const { frames } = read('DISCONNECT\nreceipt:77\n\0\nSEND\n\0', '1.1');
    expect(frames).toEqual([
      { command: 'DISCONNECT', headers: [['receipt', '77']], body: '' },
      { command: 'SEND', headers: [], body: '' },
    ]);
  });

  it.each([
    ['a header line without a colon', 'SEND\nreceipt:7\nabc\n\n\0'],
    ['an empty header name', 'SEND\nreceipt:7\n:abc\n\n\0'],
    ['a NUL within a header', 'SEND\nreceipt:7\na:b\0'],
    ['a body announced but no blank line', 'SEND\nreceipt:7\ncontent-length:3\n\0'],
  ])('refuses %s and tells the receipt', (_what, text) => {
    const { frames, error } = read(text);
    expect(frames).toEqual([]);
    expect(error).toMatchObject({ code: 'invalid-frame', frame: { receipt: '7' } });
  });

  it.each([
    ['NUL between frames', 'A\n\n\0\0'],
    ['an HTTP request', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a TLS client hello', '\x16\x03\x01\x02\x00\x01'],
    ['a carriage return within the command', 'SE\rND\n\n\0'],
    ['a blank before the command', ' SEND\n\n\0'],
    ['letters beyond ASCII in the command', 'SÉND\n\n\0'],
  ])('refuses %s', (_what, text) => {
    expect(read(text, null).error?.code).toBe('invalid-frame');
  });
});

describe('bodies', () => {
  it('ends a body without content-length at the first NUL', () => {
    expect(read('SEND\n\nab\0\n').frames[0]?.body).toBe('ab');
  });

  it('counts octets and keeps NUL within a counted body', () => {
    expect(read('SEND\ncontent-length:4\n\nü\0x\0\n').frames[0]?.body).toBe('\xc3\xbc\0x');
  });

  it('does not take a frame hidden behind NUL in a counted body', () => {
    const hidden = 'x\0SEND\ndestination:/b\n\nevil\0';
    const { frames } = read(`SEND\ncontent-length:${hidden.length}\n\n${hidden}\0`);
    expect(frames).toHaveLength(1);
  });

  it('counts by the first of several content-length headers', () => {
    expect(read('SEND\ncontent-length:3\ncontent-length:1\n\na\0b\0').frames[0]?.body).toBe('a\0b');
  });

  it('accepts content-length:0 on any frame', () => {
    expect(read('CONNECT\ncontent-length:0\n\n\0', null).frames).toHaveLength(1);
  });

  it('refuses a body that is longer than announced, and drops the rest', () => {
    const { frames, error } = read('SEND\nreceipt:r\ncontent-length:1\n\nab\0SEND\n\n\0');
    expect(frames).toEqual([]);
    expect(error).toMatchObject({ code: 'invalid-frame', frame: { receipt: 'r' } });
  });

  it.each(['abc', '-1', '1e3', '+5', '0x10', '', ' 5', '5 ', '1.0'])('refuses content-length "%s"', (length) => {
    expect(read(`SEND\nreceipt:r\ncontent-length:${length}\n\nabcde\0`).error).toMatchObject({
      code: 'invalid-frame',
      frame: { receipt: 'r' },
    });
  });

  it('hands out the body as a view of a chunk that holds it whole', () => {
    const chunk = octetsOf('SEND\n\nabc\0');
    const bodies: Uint8Array[] = [];
    new FrameParser({ limits: LIMITS_AFTER_CONNECT, onFrame: ({ body }) => bodies.push(body) }).push(chunk);
    expect(bodies[0]?.buffer).toBe(chunk.buffer);
  });
});

describe('decoding of headers', () => {
  it('decodes what each version defines', () => {
    expect(read('SEND\na:\\n\\c\\\\\\r\n\n\0', '1.2').frames[0]?.headers).toEqual([['a', '\n:\\\r']]);
    expect(read('SEND\na:\\n\\c\\\\\n\n\0', '1.1').frames[0]?.headers).toEqual([['a', '\n:\\']]);
    expect(read('SEND\na:\\n\\c\\t\n\n\0', '1.0').frames[0]?.headers).toEqual([['a', '\\n\\c\\t']]);
  });

  it('decodes names too', () => {
    expect(read('SEND\na\\cb:1\n\n\0').frames[0]?.headers).toEqual([['a:b', '1']]);
  });

  it('decodes in one pass', () => {
    expect(read('SEND\na:x\\\\ny\n\n\0').frames[0]?.headers).toEqual([['a', 'x\\ny']]);
  });

  it.each([
    ['1.2', '\\t'],
    ['1.1', '\\t'],
    ['1.1', '\\r'],
    ['1.2', 'x\\'],
    ['1.2', '\\C'],
  ] as const)('refuses in %s the undefined escape %s', (version, value) => {
    expect(read(`SEND\na:${value}\nreceipt:x\\cy\n\n\0`, version).error).toMatchObject({
      code: 'invalid-frame',
      frame: { receipt: 'x:y' },
    });
  });

  it('never decodes CONNECT, STOMP and CONNECTED', () => {
    for (const command of ['CONNECT', 'STOMP', 'CONNECTED']) {
      for (const version of ['1.0', '1.1', '1.2', null] as const) {
        expect(read(`${command}\npasscode:a\\tb:c\\n\n\n\0`, version).frames[0]?.headers).toEqual([
          ['passcode', 'a\\tb:c\\n'],
        ]);
      }
    }
  });

  it('decodes UTF-8 strictly', () => {
    expect(read('SEND\nä:€😀\n\n\0').frames[0]?.headers).toEqual([['ä', '€😀']]);
    expect(read(hex('53 0a 61 3a c3 28 0a 72656365697074 3a 39 0a 0a 00')).error).toMatchObject({
      code: 'invalid-frame',
      frame: { receipt: '9' },
    });
    expect(read(hex('53 0a 61 3a eda080 0a 0a 00')).error?.code).toBe('invalid-frame');
  });

  it('keeps a byte order mark at the start of a value', () => {
    expect(read('SEND\na:\uFEFFx\n\n\0').frames[0]?.headers).toEqual([['a', '\uFEFFx']]);
  });

  it('drops leading blanks of values in 1.0 and in a CONNECT without accept-version, nowhere else', () => {
    const value = (text: string, version: '1.0' | '1.1' | '1.2' | null) =>
      read(text, version).frames[0]?.headers[0]?.[1];
    expect(value('SEND\na:  x \n\n\0', '1.0')).toBe('x ');
    expect(value('CONNECT\nlogin: bob\n\n\0', null)).toBe('bob');
    expect(value('CONNECT\nlogin: bob\naccept-version:1.1\n\n\0', null)).toBe(' bob');
    expect(value('SEND\na: x \n\n\0', '1.1')).toBe(' x ');
    expect(value('SEND\n a: x \n\n\0', '1.2')).toBe(' x ');
  });
});

describe('the life of a parser', () => {
  it('reports a heart-beat for each line end between frames and none within', () => {
    expect(read('\n\r\nSEND\na:b\n\nx\ny\0\n').heartbeats).toBe(3);
  });

  it('takes up a version and limits set from within onFrame with the next frame', () => {
    const headers: (string | undefined)[] = [];
    const parser = new FrameParser({
      limits: { ...LIMITS_AFTER_CONNECT, maxHeaders: 1 },
      onFrame: (frame) => {
        headers.push(frame.headers.get('a'));
        parser.version = '1.2';
        parser.limits = LIMITS_AFTER_CONNECT;
      },
    });
    parser.push(octetsOf('CONNECT\na:\\c\n\n\0SEND\na:\\c\nb:2\n\n\0'));
    expect(headers).toEqual(['\\c', ':']);
  });

  it('drops the rest of the chunk and all later input after stop', () => {
    const commands: string[] = [];
    const parser = new FrameParser({
      limits: LIMITS_AFTER_CONNECT,
      onFrame: ({ command }) => {
        commands.push(command);
        if (command === 'DISCONNECT') parser.stop();
      },
    });
    parser.push(octetsOf('SEND\n\n\0DISCONNECT\n\n\0SEND\n\n\0garbage \0'));
    parser.push(octetsOf('SEND\n\n\0'));
    expect(commands).toEqual(['SEND', 'DISCONNECT']);
  });

  it('throws once and is dead afterwards', () => {
    const commands: string[] = [];
    const parser = new FrameParser({ limits: LIMITS_AFTER_CONNECT, onFrame: ({ command }) => commands.push(command) });
    expect(() => parser.push(octetsOf('A\n\n\0\x01B\n\n\0'))).toThrow('no command');
    parser.push(octetsOf('C\n\n\0'));
    expect(commands).toEqual(['A']);
  });

  it('stops when onFrame throws, and passes that on', () => {
    const commands: string[] = [];
    const parser = new FrameParser({
      limits: LIMITS_AFTER_CONNECT,
      onFrame: ({ command }) => {
        commands.push(command);
        throw new RangeError('no more');
      },
    });
    expect(() => parser.push(octetsOf('A\n\n\0B\n\n\0'))).toThrow(RangeError);
    parser.push(octetsOf('C\n\n\0'));
    expect(commands).toEqual(['A']);
  });

  it('does not hand out a frame whose NUL has not come', () => {
    expect(read('SEND\ncontent-length:2\n\nab').frames).toEqual([]);
    expect(readPieces(singly(octetsOf('SEND\n\nab')), '1.2').frames).toEqual([]);
  });
});
