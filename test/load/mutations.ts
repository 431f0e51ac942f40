import type { Random } from './random.js';

/** Frames of ordinary sessions, to be broken. */
const FRAMES: readonly string[] = [
  'SEND\ndestination:/fuzz/a\nreceipt:1\ncontent-length:12\n\n{"name":"x"}\0',
  'SEND\ndestination:/fuzz/b\nmethod:update\ncontent-type:application/json\n\n{"x/y":1,"z":[true,null,"text"]}\0',
  'SEND\ndestination:/fuzz/log\nmethod:push\nidempotency-key:k1\n\n"entry"\0',
  'SEND\ndestination:/fuzz/c\nif-match:3\npriority:5\nack-level:applied\n\n7\0',
  'SEND\ndestination:/fuzz/d\nmethod:remove\ntransaction:t1\n\n\0',
  'SEND\ndestination:/.auth\n\n{"token":"abc"}\0',
  'SUBSCRIBE\nid:0\ndestination:/fuzz\nack:auto\n\n\0',
  'SUBSCRIBE\nid:1\ndestination:/fuzz\nack:client-individual\nprefetch-count:2\n\n\0',
  'SUBSCRIBE\nid:2\ndestination:/fuzz\nquery:{"orderBy"\\c"$key","limitToLast"\\c2}\nonce:true\n\n\0',
  'SUBSCRIBE\nid:3\ndestination:/fuzz/a\nresume:epoch-1\\c7\n\n\0',
  'SUBSCRIBE\nid:4\ndestination:/.errors\n\n\0',
  'SUBSCRIBE\nid:5\ndestination:/.info/connected\n\n\0',
  'UNSUBSCRIBE\nid:0\n\n\0',
  'ACK\nid:1-abc_1\n\n\0',
  'NACK\nid:1-abc_1\ntransaction:t1\n\n\0',
  'BEGIN\ntransaction:t1\n\n\0',
  'COMMIT\ntransaction:t1\nreceipt:c\n\n\0',
  'ABORT\ntransaction:t1\n\n\0',
  'DISCONNECT\nreceipt:bye\n\n\0',
  'CONNECT\naccept-version:1.0,1.1,1.2\nhost:localhost\nheart-beat:1000,1000\nlogin:a\npasscode:b\n\n\0',
  '\n\n\r\n',
];

/** Octets and pieces that parsers stumble over. */
const PIECES: readonly Buffer[] = [
  ...['\0', '\n', '\r\n', ':', '\\', '\\c', '\\t', '\n\n', '\0\0', '/', '//', '.', '[]', '{', '"', '1e999', '-0'].map(
    (text) => Buffer.from(text),
  ),
  ...[
    'content-length:5\n',
    'content-length:99999999999999999999\n',
    'content-length:-1\n',
    '__proto__:x\n',
    'id:\n',
  ].map((text) => Buffer.from(text)),
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
];

type Mutation = (frame: Buffer, random: Random) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  // Flips one bit.
  (frame, random) => {
    const flipped = Buffer.from(frame);
    const at = random.between(0, frame.length);
    flipped[at] = flipped[at]! ^ (1 << random.between(0, 8));
    return flipped;
  },
  // Replaces one octet.
  (frame, random) => splice(frame, random, 1, Buffer.from([random.between(0, 256)])),
  // Takes a stretch out.
  (frame, random) => splice(frame, random, random.between(1, 12), Buffer.alloc(0)),
  // Puts a piece in.
  (frame, random) => splice(frame, random, 0, random.pick(PIECES)),
  // Cuts the end off.
  (frame, random) => frame.subarray(0, random.between(0, frame.length)),
  // Repeats a line.
  (frame, random) => {
    const lines = frame.toString('latin1').split('\n');
    const at = random.between(0, lines.length);
    lines.splice(at, 0, lines[random.between(0, lines.length)]!);
    return Buffer.from(lines.join('\n'), 'latin1');
  },
  // Goes on as another frame.
  (frame, random) => {
    const other = Buffer.from(random.pick(FRAMES));
    return Buffer.concat([
      frame.subarray(0, random.between(0, frame.length)),
      other.subarray(random.between(0, other.length)),
    ]);
  },
  // Grows one octet into a thousand.
  (frame, random) => splice(frame, random, 1, Buffer.alloc(1000, frame[random.between(0, frame.length)])),
];

function splice(frame: Buffer, random: Random, removed: number, inserted: Buffer): Buffer {
  const at = random.between(0, frame.length);
  return Buffer.concat([frame.subarray(0, at), inserted, frame.subarray(Math.min(frame.length, at + removed))]);
}

/** One frame of an ordinary session with one to three things wrong. */
export function mutatedFrame(random: Random): Buffer {
  let frame: Buffer = Buffer.from(random.pick(FRAMES));
  for (let count = random.between(1, 4); count > 0 && frame.length > 0; count -= 1)
    frame = random.pick(MUTATIONS)(frame, random);
  return frame;
}
