import { expect, test } from 'vitest';
import { assembleFrame, framed } from './framing.js';

/** The texts of the messages, read by the letter of RFC 6455, 5.2. */
function messagesIn(octets: Buffer): string[] {
  const messages: string[] = [];
  for (let at = 0; at < octets.length; ) {
    expect(octets[at]).toBe(0x81);
    const short = octets.readUInt8(at + 1);
    const [size, header] =
      short < 126
        ? [short, 2]
        : short === 126
          ? [octets.readUInt16BE(at + 2), 4]
          : [Number(octets.readBigUInt64BE(at + 2)), 10];
    messages.push(octets.subarray(at + header, at + header + size).toString());
    at += header + size;
  }
  return messages;
}

test.each([0, 1, 60, 120, 125, 126, 127, 65_500, 65_535, 65_536, 200_000])(
  'a body of %i octets in one text message',
  (size) => {
    const body = Buffer.alloc(size, 'x');
    const octets = assembleFrame('websocket', 'MESSAGE\nname:ü\n', body);
    expect(messagesIn(Buffer.concat([octets, framed('websocket', Buffer.from('\n'))]))).toEqual([
      `MESSAGE\nname:ü\n\n${body}\0\n`,
      '\n',
    ]);
  },
);

test('without a websocket the frame is written as it is', () => {
  expect(Buffer.from(assembleFrame('none', 'RECEIPT\nreceipt-id:1\n', null)).toString()).toBe(
    'RECEIPT\nreceipt-id:1\n\n\0\n',
  );
  const frame = Buffer.from('x');
  expect(framed('message', frame)).toBe(frame);
});
