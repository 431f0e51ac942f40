import { describe, expect, it } from 'vitest';
import { hostileServer, serveHostileClients, TRANSPORTS } from './hostile-server.js';
import { Session, SessionEnded } from './session.js';

serveHostileClients();

/** Writes `body` to `/odd`: what the server stored, or the error that it refused it with. */
async function writeOdd(body: string): Promise<string> {
  const session = await Session.open(hostileServer().tcpPort);
  try {
    await session.request('SEND', { destination: '/odd' }, body);
    return (await session.read('/odd')).text;
  } catch (error) {
    if (!(error instanceof SessionEnded)) throw error;
    return error.message;
  } finally {
    session.destroy();
  }
}

describe('data', () => {
  it('keys that objects inherit are ordinary keys', async () => {
    const keys = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
    const body = `{${keys.map((key, index) => `${JSON.stringify(key)}:{"polluted":${index + 1}}`).join(',')}}`;
    const stored = await writeOdd(body);
    for (const [index, key] of keys.entries())
      expect(stored).toContain(`${JSON.stringify(key)}:{"polluted":${index + 1}}`);
    const session = await Session.open(hostileServer().tcpPort);
    for (const [index, key] of keys.entries()) {
      await session.request('SEND', { destination: `/odd/${key}/${key}` }, '1');
      expect((await session.read(`/odd/${key}/polluted`)).text).toBe(String(index + 1));
    }
    expect((await session.read('/odd/other/polluted')).text).toBe('null');
    session.destroy();
  });

  it('100,000 levels are refused', async () => {
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
      ['{"__proto__":', '}'],
    ] as const) {
      const answer = await writeOdd(`${open.repeat(100_000)}1${close.repeat(100_000)}`);
      expect(answer).toMatch(/code:(invalid-data|too-large|invalid-path)/);
    }
  });

  it('numbers beyond what can be kept are refused or kept as JSON numbers', async () => {
    for (const number of [
      '1e400',
      '-1e400',
      '1e308',
      `${'9'.repeat(100_000)}`,
      `0.${'0'.repeat(100_000)}1`,
      '-0',
      '1E-400',
    ]) {
      const answer = await writeOdd(number);
      if (!answer.startsWith('ERROR')) expect(Number.isFinite(JSON.parse(answer))).toBe(true);
      else expect(answer).toContain('code:invalid-data');
    }
  });

  it('what is not JSON is refused', async () => {
    for (const body of [
      '{',
      '{"a"}',
      'undefined',
      'NaN',
      '{"a":1,}',
      '"\u0001"',
      `[${'1,'.repeat(100)}`,
      '{"a":1}{"b":2}',
    ]) {
      expect(await writeOdd(body)).toContain('code:invalid-data');
    }
  });

  it('keys and texts beyond the limits are refused', async () => {
    const tooLong = 'k'.repeat(769);
    expect(await writeOdd(`{"${tooLong}":1}`)).toMatch(/code:(invalid-data|invalid-path|too-large)/);
    expect(await writeOdd(JSON.stringify('x'.repeat(10 * 2 ** 20 + 1)))).toMatch(/code:(invalid-data|too-large)/);
    expect(await writeOdd('{"a/b":1}')).toMatch(/code:(invalid-data|invalid-path)/);
    expect(await writeOdd('{"":1}')).toMatch(/code:(invalid-data|invalid-path)/);
  });

  it.each(TRANSPORTS)('%s: octets that are not UTF-8 are refused in headers and bodies', async (_name, open) => {
    for (const octets of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80]]) {
      const broken = Buffer.from(octets);
      const inBody = Buffer.concat([Buffer.from('SEND\ndestination:/odd\nreceipt:r\n\n"'), broken, Buffer.from('"\0')]);
      const inHeader = Buffer.concat([
        Buffer.from('SEND\ndestination:/odd/'),
        broken,
        Buffer.from('\nreceipt:r\n\n1\0'),
      ]);
      for (const frame of [inBody, inHeader]) {
        const client = await open();
        client.connect();
        await client.saw('CONNECTED');
        client.send(frame);
        const { text } = await client.end();
        expect(text).toContain('ERROR');
        expect(text).not.toContain('RECEIPT');
      }
    }
  });
});
