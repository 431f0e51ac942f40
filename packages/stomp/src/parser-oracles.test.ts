import { PassThrough } from 'node:stream';
import { FrameImpl, Parser } from '@stomp/stompjs';
import fc from 'fast-check';
import OutgoingFrameStream from 'stompit/lib/OutgoingFrameStream.js';
import { describe, expect, it } from 'vitest';
import { octetsOf, type PlainFrame, read } from './read-frames-fixture.js';
import { writeFrame } from './writer.js';

const headerName = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((name) => name !== 'content-length');
/** No blanks at the ends: stompjs trims. */
const headerValue = fc
  .string({ unit: 'grapheme', maxLength: 30 })
  .filter((value) => value.trim() === value && !value.includes('\0'));
const headers = fc.dictionary(headerName, headerValue, { maxKeys: 6, noNullPrototype: true });
const body = fc.string({ unit: 'grapheme', maxLength: 100 }).filter((value) => !value.includes('\0'));

const octetText = (text: string): string => String.fromCharCode(...octetsOf(text));
const lines = (map: Record<string, string>): [string, string][] => Object.entries(map);

describe('frames written by others', () => {
  it('of stompjs are read as it meant them', () => {
    fc.assert(
      fc.property(headers, body, (map, text) => {
        const written = FrameImpl.marshall({
          command: 'SEND',
          headers: { ...map },
          body: text,
          escapeHeaderValues: true,
        });
        const { frames, error } = read(written as string, '1.2');
        const length = octetsOf(text).length;
        const expected: PlainFrame = {
          command: 'SEND',
          headers: length === 0 ? lines(map) : [...lines(map), ['content-length', `${length}`]],
          body: octetText(text),
        };
        expect({ frames, error }).toEqual({ frames: [expected], error: undefined });
      }),
    );
  });

  it.each(['1.0', '1.1', '1.2'] as const)('of stompit (%s) are read as it meant them', async (version) => {
    const values = version === '1.2' ? headerValue : headerValue.filter((value) => !/[\r\n\\]/.test(value));
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(headerName, values, { maxKeys: 6, noNullPrototype: true }),
        body,
        async (map, text) => {
          const wire = new PassThrough();
          const stream = new OutgoingFrameStream(wire);
          stream.setVersion(version);
          stream.frame('SEND', map).end(text === '' ? ' ' : text);
          await new Promise((resolve) => setImmediate(resolve));
          wire.end();
          const octets = Buffer.concat(await wire.toArray());
          const { frames, error } = read(octets, version);
          expect({ frames, error }).toEqual({
            frames: [{ command: 'SEND', headers: lines(map), body: octetText(text === '' ? ' ' : text) }],
            error: undefined,
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('frames written by us', () => {
  it('are read by stompjs as we meant them', () => {
    // stompjs decodes by chained replaces, so a backslash before a letter is beyond it.
    const plain = fc.dictionary(
      headerName,
      headerValue.filter((value) => !value.includes('\\')),
      { maxKeys: 6, noNullPrototype: true },
    );
    fc.assert(
      fc.property(plain, body, (map, text) => {
        const got: FrameImpl[] = [];
        const parser = new Parser(
          (raw) => got.push(FrameImpl.fromRawFrame(raw, true)),
          () => {},
        );
        const octets = writeFrame({ command: 'MESSAGE', headers: lines(map), body: octetsOf(text) }, '1.2');
        parser.parseChunk(octets.slice().buffer);
        expect(got).toHaveLength(1);
        expect(got[0]?.headers).toEqual({ ...map, 'content-length': `${octetsOf(text).length}` });
        expect(got[0]?.body).toBe(text);
      }),
    );
  });
});
