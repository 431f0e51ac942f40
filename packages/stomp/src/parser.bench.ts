import { bench, describe } from 'vitest';
import { LIMITS_AFTER_CONNECT } from './limits.js';
import { FrameParser } from './parser.js';
import { writeFrame } from './writer.js';

const BODY = new TextEncoder().encode(
  '{"name":"bob","text":"a message of about one hundred octets, as chats and sensors send them"}',
);
const SEND = writeFrame(
  {
    command: 'SEND',
    headers: [
      ['destination', '/users/bob/messages/-Nabc123'],
      ['content-type', 'application/json'],
      ['receipt', 'r-12345'],
    ],
    body: BODY,
  },
  '1.2',
);
const MANY = new Uint8Array(Array.from({ length: 200 }, () => [...SEND]).flat());

let bodyOctets = 0;
const parser = new FrameParser({ limits: LIMITS_AFTER_CONNECT, onFrame: (frame) => (bodyOctets += frame.body.length) });
parser.version = '1.2';

describe('reading', () => {
  bench('one frame in one chunk', () => parser.push(SEND));
  bench('200 frames in one chunk', () => parser.push(MANY));
  bench('one frame in two chunks', () => {
    parser.push(SEND.subarray(0, 60));
    parser.push(SEND.subarray(60));
  });
});

describe('writing', () => {
  const headers: [string, string][] = [
    ['subscription', 'sub-0'],
    ['message-id', '123456'],
    ['destination', '/users/bob/messages/-Nabc123'],
    ['content-type', 'application/json'],
    ['event', 'put'],
    ['revision', '123456'],
  ];
  bench('one MESSAGE', () => {
    bodyOctets += writeFrame({ command: 'MESSAGE', headers, body: BODY }, '1.2').length;
  });
});
