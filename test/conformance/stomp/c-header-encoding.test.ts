import { expect } from 'vitest';
import type { Version } from '../../harness/stomp-client.js';
import { connectWith, section, subscribe, type World, write } from './world.js';

/** Sends raw text after connecting and expects ERROR and close, with nothing written to `a`. */
async function fatal(world: World, version: Version, headerLine: string): Promise<void> {
  const client = await world.connect(version);
  client.write(`SEND\ndestination:${world.path('a')}\n${headerLine}\n\n"evil"\0`);
  await client.refusal();
  expect(await world.read(world.path('a'))).toBeNull();
}

/** The receipt-id line, as it stands on the wire, that answers a raw receipt. */
async function echoed(world: World, version: Version, raw: string): Promise<string | undefined> {
  const client = await world.connect(version);
  client.write(`SEND\ndestination:${world.path('a')}\nreceipt:${raw}\n\n1\0`);
  const receipt = await client.take('RECEIPT', (frame) => frame.command === 'RECEIPT');
  return receipt.lines.find((line) => line.startsWith('receipt-id:'))?.slice('receipt-id:'.length);
}

section('C header encoding', ({ check }) => {
  check('C01', '1.2: \\c \\n \\r \\\\ are decoded and encoded again', async (world) => {
    const raw = 'a\\cb\\nc\\rd\\\\e';
    expect(await echoed(world, '1.2', raw)).toBe(raw);
  });

  check('C02', '1.1: \\c \\n \\\\ are decoded and encoded again', async (world) => {
    const raw = 'a\\cb\\nc\\\\e';
    expect(await echoed(world, '1.1', raw)).toBe(raw);
  });

  check('C03', '1.0 has no escapes: a\\cb\\n comes back as it was', async (world) => {
    expect(await echoed(world, '1.0', 'a\\cb\\n')).toBe('a\\cb\\n');
  });

  check('C04', '1.0: \\t is no error', async (world) => {
    expect(await echoed(world, '1.0', 'a\\tb')).toBe('a\\tb');
  });

  check('C05', '1.2: an undefined escape (\\t) is fatal', (world) => fatal(world, '1.2', 'receipt:a\\tb'));
  check('C06', '1.1: an undefined escape (\\t) is fatal', (world) => fatal(world, '1.1', 'receipt:a\\tb'));
  check('C07', '1.1: \\r is undefined and so fatal', (world) => fatal(world, '1.1', 'receipt:a\\rb'));
  check('C08', '1.2: a lone backslash at the end of a value is fatal', (world) => fatal(world, '1.2', 'receipt:a\\'));
  check('C09', 'an undefined escape in a header the server does not use is fatal too', (world) =>
    fatal(world, '1.2', 'x-unused:a\\qb'),
  );

  check('C10', 'CONNECT is not unescaped: a backslash in a CONNECT header is no error (1.2)', async (world) => {
    const client = await world.connect('1.2', { 'x-note': 'a\\tb\\' });
    await write(client, world.path('a'), 1);
  });

  check('C11', 'CONNECT values may hold a raw colon (1.2)', async (world) => {
    const client = await world.open();
    await connectWith(client, { 'accept-version': '1.2', host: '127.0.0.1:61613' });
    await write(client, world.path('a'), 1);
  });

  check('C12', 'decode order: "a\\\\n" is backslash and n, not a line feed', async (world) => {
    expect(await echoed(world, '1.2', 'a\\\\n')).toBe('a\\\\n');
    expect(await echoed(world, '1.1', 'a\\\\cb')).toBe('a\\\\cb');
  });

  check('C13', 'UTF-8 in header values', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('ключ-€-😀'));
    await write(client, world.path('ключ-€-😀'), 1, { 'x-note': 'žluťoučký 😀' });
    const message = await client.message(id);
    expect(message.headers.get('x-note')).toBe('žluťoučký 😀');
    expect(message.headers.get('destination')).toBe(world.path('ключ-€-😀'));
  });

  check('C14', 'escapes in subscription ids come back in MESSAGE', async (world) => {
    for (const [version, id] of [
      ['1.2', 'a:b\nc\\d\re'],
      ['1.1', 'a:b\nc\\d'],
    ] as const) {
      const client = await world.connect(version);
      const path = world.path(version.replace('.', ''));
      await subscribe(client, path, { id });
      await write(client, path, 'x');
      expect((await client.message(id)).text).toBe('"x"');
    }
  });

  check('C15', 'escapes in transaction names', async (world) => {
    const client = await world.connect();
    const transaction = 'tx:1\n\\2';
    await client.request('BEGIN', { transaction });
    await write(client, world.path('a'), 'in', { transaction });
    await client.request('COMMIT', { transaction });
    expect(await world.read(world.path('a'))).toBe('in');
  });

  check('C16', 'header names are escaped too (user header)', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1, { 'x:y\\z': 'v' });
    const message = await client.message(id);
    expect(message.headers.get('x:y\\z')).toBe('v');
    expect(message.lines).toContain('x\\cy\\\\z:v');
  });

  check('C17', 'broken UTF-8 in a header: refused or kept byte by byte, never replaced', async (world) => {
    const client = await world.connect();
    const head = `SEND\ndestination:${world.path('a')}\nreceipt:1\nx-note:`;
    client.write(Buffer.concat([Buffer.from(head), Buffer.of(0xc3, 0x28, 0xff), Buffer.from('\n\n"x"\0')]));
    await client.refusal();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('C18', '1.1: a raw CR inside a value is data, or refused', async (world) => {
    const client = await world.connect('1.1');
    client.write(`SEND\ndestination:${world.path('a')}\nx-note:a\rb\nreceipt:1\n\n"x"\0`);
    const answer = await client.take('an answer', () => true);
    expect(['RECEIPT', 'ERROR']).toContain(answer.command);
  });

  check('C19', '1.0 output is not escaped', async (world) => {
    const client = await world.connect('1.0');
    await subscribe(client, world.path('a'), { id: 'a:b\\c' });
    await write(client, world.path('a'), 1, { 'x-note': 'c:d\\e' });
    const message = await client.message('a:b\\c');
    expect(message.lines).toContain('subscription:a:b\\c');
    expect(message.lines).toContain('x-note:c:d\\e');
  });
});
