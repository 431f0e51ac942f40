import { expect } from 'vitest';
import { nextValue, section, subscribe, type World, write } from './world.js';

/** Sends `head` and `body` raw; if it is accepted the value at `a` must be `kept`, if it is refused nothing is written. */
async function keptOrRefused(world: World, head: string, body: Buffer, kept: unknown): Promise<void> {
  const client = await world.connect();
  const frame = `SEND\ndestination:${world.path('a')}\nreceipt:1\n${head}\n`;
  client.write(Buffer.concat([Buffer.from(frame), body, Buffer.of(0)]));
  const answer = await client.take('an answer', () => true);
  const value = await world.read(world.path('a'));
  if (answer.command === 'ERROR') expect(value).toBeNull();
  else expect(value).toBe(kept);
}

section('D bodies', ({ check }) => {
  check('D01', 'a body with content-length', async (world) => {
    const client = await world.connect();
    await write(client, world.path('a'), 'hello', { 'content-length': '7' });
    expect(await world.read(world.path('a'))).toBe('hello');
  });

  check('D02', 'a body without content-length ends at the first NUL', async (world) => {
    const client = await world.connect();
    await write(client, world.path('a'), 'hello');
    expect(await world.read(world.path('a'))).toBe('hello');
  });

  check('D03', 'NUL in a body with content-length: kept whole or refused, never cut', (world) =>
    keptOrRefused(world, 'content-length:5\n', Buffer.from('"a\0b"'), 'a\0b'),
  );

  check('D04', 'a frame hidden in a body behind NUL is not executed', async (world) => {
    const hidden = `1\0SEND\ndestination:${world.path('hidden')}\n\n"evil"`;
    await keptOrRefused(
      world,
      `content-length:${hidden.length}\n`,
      Buffer.from(hidden),
      'never accepted: it is no JSON',
    );
    expect(await world.read(world.path('hidden'))).toBeNull();
  });

  check('D05', 'content-length counts octets, not characters', async (world) => {
    const client = await world.connect();
    const body = JSON.stringify('žluť €😀');
    await client.request(
      'SEND',
      { destination: world.path('a'), 'content-length': `${Buffer.byteLength(body)}` },
      body,
    );
    expect(await world.read(world.path('a'))).toBe('žluť €😀');
  });

  check('D06', 'content-length too small: an error, the rest is not run as frames', async (world) => {
    const client = await world.connect();
    client.write(
      `SEND\ndestination:${world.path('a')}\ncontent-length:2\nreceipt:1\n\n12345\0SEND\ndestination:${world.path('b')}\n\n1\0`,
    );
    expect((await client.refusal()).headers.get('receipt-id')).toBe('1');
    expect(await world.read(world.path('a'))).toBeNull();
    expect(await world.read(world.path('b'))).toBeNull();
  });

  check('D07', 'content-length octets are awaited even past a NUL', async (world) => {
    const client = await world.connect();
    const first = `"x"\0SEND\ndestination:${world.path('b')}\n\n1\0`;
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:1\ncontent-length:${first.length + 4}\n\n${first}`);
    await write(await world.connect(), world.path('c'), 1);
    expect(client.received).toHaveLength(1);
    client.write('tail\0');
    await client.refusal();
    expect(await world.read(world.path('a'))).toBeNull();
    expect(await world.read(world.path('b'))).toBeNull();
  });

  for (const length of ['abc', '-1', '1e3', '+5', '"0x10"', '']) {
    check('D08', `a content-length that is no number is an error: "${length}"`, async (world) => {
      const client = await world.connect();
      client.write(`SEND\ndestination:${world.path('a')}\ncontent-length:${length}\n\n12345\0`);
      await client.refusal();
      expect(await world.read(world.path('a'))).toBeNull();
    });
  }

  check('D09', 'content-length:0 on frames without a body (SUBSCRIBE, BEGIN, ABORT)', async (world) => {
    const client = await world.connect();
    const empty = { 'content-length': '0', 'content-type': 'text/plain' };
    await subscribe(client, world.path('a'), empty);
    await client.request('BEGIN', { transaction: 't', ...empty });
    await client.request('ABORT', { transaction: 't', ...empty });
  });

  check('D10', 'repeated content-length: the first counts (or the frame is refused)', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\ncontent-length:5\ncontent-length:2\nreceipt:1\n\n12345\0`);
    const answer = await client.take('an answer', () => true);
    expect(await world.read(world.path('a'))).toBe(answer.command === 'ERROR' ? null : 12345);
  });

  check('D11', 'a body on SUBSCRIBE is ignored or refused, never a hang', async (world) => {
    const client = await world.connect();
    client.send('SUBSCRIBE', { id: '0', destination: world.path('a'), receipt: '1' }, 'body');
    const answer = await client.take('an answer', () => true);
    expect(['RECEIPT', 'MESSAGE', 'ERROR']).toContain(answer.command);
  });

  check('D12', 'MESSAGE has a content-length', async (world) => {
    const client = await world.connect();
    const { id, first } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), '€');
    expect(first.get('content-length')).toBe('4');
    expect((await client.message(id)).headers.get('content-length')).toBe('5');
  });

  check('D13', 'MESSAGE has the content-type of the SEND', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1, { 'content-type': 'application/json;charset=utf-8' });
    expect((await client.message(id)).headers.get('content-type')).toBe('application/json;charset=utf-8');
  });

  check('D14', 'UTF-8 text in bodies', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    const text = 'ěščř 漢字 😀 \u2028 ﷽';
    await write(client, world.path('a'), text);
    expect(await nextValue(client, id)).toBe(text);
  });

  check('D15', 'a body of 1 MiB passes (or is refused with an ERROR)', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    const text = 'x'.repeat(1024 * 1024);
    await write(client, world.path('a'), text);
    expect((await nextValue(client, id)) === text).toBe(true);
  });

  check('D16', '1.0: content-length is honoured as well', async (world) => {
    const client = await world.connect('1.0');
    client.write(`SEND\ndestination:${world.path('a')}\ncontent-length: 3\nreceipt:1\n\n"x"\0`);
    await client.receipt('1');
    client.write(`SEND\ndestination:${world.path('b')}\ncontent-length:2\n\n12345\0`);
    await client.refusal();
    expect(await world.read(world.path('a'))).toBe('x');
    expect(await world.read(world.path('b'))).toBeNull();
  });

  check('D17', 'broken UTF-8 in a JSON body: refused or kept octet by octet, never replaced', async (world) => {
    const client = await world.connect();
    const head = `SEND\ndestination:${world.path('a')}\nreceipt:1\ncontent-length:5\n\n`;
    client.write(Buffer.concat([Buffer.from(head), Buffer.of(0x22, 0xc3, 0x28, 0xff, 0x22, 0)]));
    await client.refusal();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check(
    'D18',
    'an empty SEND body is a legal frame (delivered, or refused with ERROR by a JSON server)',
    async (world) => {
      const client = await world.connect();
      client.send('SEND', { destination: world.path('a'), receipt: '1' });
      const answer = await client.take('an answer', () => true);
      expect(['RECEIPT', 'ERROR']).toContain(answer.command);
    },
  );
});
