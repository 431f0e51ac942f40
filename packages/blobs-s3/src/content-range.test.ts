import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { cutTo, parseContentRange } from './content-range.js';

it('reads where an answer begins and how large the whole is', () => {
  expect(parseContentRange('bytes 5-9/100', 5)).toEqual({ start: 5, size: 100 });
  expect(parseContentRange(undefined, 7)).toEqual({ start: 0, size: 7 });
});

it('cuts every range out of every answer, in pieces of every size', async () => {
  const whole = '0123456789';
  for (let piece = 1; piece <= 10; piece++) {
    for (let start = 0; start < 10; start++) {
      for (let end = start; end < 10; end++) {
        const pieces = whole.match(new RegExp(`.{1,${piece}}`, 'g'))!.map((part) => Buffer.from(part));
        expect(await text(cutTo({ start, end }, Readable.from(pieces), 0))).toBe(whole.slice(start, end + 1));
        const exact = Readable.from([Buffer.from(whole.slice(start, end + 1))]);
        expect(await text(cutTo({ start, end }, exact, start))).toBe(whole.slice(start, end + 1));
      }
    }
  }
});
