import { connect } from 'node:net';
import { expect } from 'vitest';
import type { StompClient } from '../../harness/stomp-client.js';
import { aMoment, section, subscribe, type World, write } from './world.js';

/** Sends raw octets over TCP and waits until the server has closed the connection. */
async function closedAfter(world: World, octets: string | Buffer): Promise<void> {
  const socket = connect({ port: world.server.tcpPort, host: '127.0.0.1' });
  const ended = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the connection is still open')), 5_000);
    socket.on('error', () => {
      // A reset is an end, too.
    });
    socket.on('data', () => {
      // Whatever it says, it must close.
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  socket.write(octets);
  await ended.finally(() => socket.destroy());
}

async function writeSingly(client: StompClient, text: string): Promise<void> {
  for (const octet of Buffer.from(text)) {
    client.write(Buffer.of(octet));
    if (client.wire.kind === 'tcp') await new Promise((resolve) => setImmediate(resolve));
  }
}

section('B frame grammar', ({ check, transport }) => {
  check('B01', 'CRLF line ends in 1.2, CONNECT included', async (world) => {
    const client = await world.open();
    const path = world.path('a');
    client.write('CONNECT\r\naccept-version:1.2\r\nhost:a\r\n\r\n\0\r\n');
    client.write(`SEND\r\ndestination:${path}\r\nreceipt:1\r\n\r\n"crlf"\0\r\n`);
    await client.receipt('1');
    expect(await world.read(path)).toBe('crlf');
  });

  check('B02', 'LF and CRLF mixed within one 1.2 frame', async (world) => {
    const client = await world.connect();
    const path = world.path('a');
    client.write(`SEND\ndestination:${path}\r\nreceipt:1\n\r\n"mixed"\0`);
    await client.receipt('1');
    expect(await world.read(path)).toBe('mixed');
  });

  check('B03', 'many EOLs between frames', async (world) => {
    const client = await world.connect();
    client.write('\n'.repeat(5_000));
    await write(client, world.path('a'), 1);
    client.write('\n\n\n');
    await write(client, world.path('a'), 2);
  });

  check('B04', 'CRLF EOLs between 1.2 frames', async (world) => {
    const client = await world.connect();
    client.write('\r\n\r\n\n\r\n');
    await write(client, world.path('a'), 1);
  });

  check('B05', 'EOLs before CONNECT are tolerated', async (world) => {
    const client = await world.open();
    client.write('\n\r\n\n');
    client.write('CONNECT\naccept-version:1.2\nhost:a\n\n\0');
    await client.take('CONNECTED', (frame) => frame.command === 'CONNECTED');
  });

  check('B06', 'no EOL between frames is needed: three frames in one write', async (world) => {
    const client = await world.connect();
    const path = world.path('a');
    client.write([1, 2, 3].map((n) => `SEND\ndestination:${path}\nreceipt:${n}\n\n${n}\0`).join(''));
    for (const id of ['1', '2', '3']) await client.receipt(id);
    expect(await world.read(path)).toBe(3);
  });

  check('B07', 'a session sent one byte per write', async (world) => {
    const client = await world.open();
    const path = world.path('a');
    await writeSingly(
      client,
      `CONNECT\naccept-version:1.2\nhost:a\n\n\0\nSUBSCRIBE\nid:0\ndestination:${path}\n\n\0` +
        `SEND\ndestination:${path}\nreceipt:r\\c1\n\n"€"\0`,
    );
    await client.receipt('r:1');
    await client.take('the value', (frame) => frame.command === 'MESSAGE' && frame.text === '"€"');
    await writeSingly(client, 'DISCONNECT\nreceipt:bye\n\n\0');
    await client.receipt('bye');
  });

  check('B08', 'a frame split inside an escape, a CRLF, a UTF-8 sequence and before NUL', async (world) => {
    const client = await world.connect();
    const path = world.path('a');
    const octets = Buffer.from(`SEND\r\ndestination:${path}\r\nreceipt:x\\cÿy\r\n\r\n"€"\0`);
    const places = [
      octets.indexOf('\\') + 1,
      octets.indexOf('\r\n\r\n') + 1,
      octets.indexOf('ÿ') + 1,
      octets.indexOf('€') + 2,
      octets.length - 1,
    ];
    let start = 0;
    for (const place of [...places.toSorted((a, b) => a - b), octets.length]) {
      client.write(octets.subarray(start, place));
      await aMoment(15);
      start = place;
    }
    await client.receipt('x:ÿy');
    expect(await world.read(path)).toBe('€');
  });

  check('B09', '200 SENDs with receipts in one write all get receipts', async (world) => {
    const client = await world.connect();
    const path = world.path('a');
    const numbers = Array.from({ length: 200 }, (_, index) => index);
    client.write(numbers.map((n) => `SEND\ndestination:${path}/${n}\nreceipt:${n}\n\n${n}\0\n`).join(''));
    for (const n of numbers) await client.receipt(`${n}`);
    expect(Object.keys((await world.read(path)) as object)).toHaveLength(200);
  });

  check('B10', 'a header line without a colon is an error', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\nnocolon\nreceipt:1\n\n1\0`);
    expect((await client.refusal()).headers.get('receipt-id')).toBe('1');
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('B11', 'an empty header name is an error', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\n:value\n\n1\0`);
    await client.refusal();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('B12', 'an empty header value is legal (1.1, 1.2)', async (world) => {
    for (const version of ['1.1', '1.2'] as const) {
      const client = await world.connect(version);
      await write(client, world.path('a'), version, { 'x-empty': '' });
      expect(await world.read(world.path('a'))).toBe(version);
    }
  });

  check('B13', 'an unknown command gets ERROR (1.2: and close)', async (world) => {
    const client = await world.connect();
    client.send('JUMP', { receipt: 'j' });
    expect((await client.refusal()).headers.get('receipt-id')).toBe('j');
  });

  check('B14', 'commands are case sensitive (send is not SEND)', async (world) => {
    const client = await world.connect();
    client.send('send', { destination: world.path('a') }, '1');
    await client.refusal();
    expect(await world.read(world.path('a'))).toBeNull();
  });

  check('B15', 'header values are not trimmed in 1.1 and 1.2', async (world) => {
    for (const version of ['1.1', '1.2'] as const) {
      const client = await world.connect(version);
      client.send('SEND', { destination: world.path('a'), receipt: '  r ' }, '1');
      await client.receipt('  r ');
    }
  });

  check('B16', 'header names are not trimmed in 1.2 (" receipt" is not receipt)', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\n receipt:no\n\n1\0`);
    await write(client, world.path('b'), 1);
    expect(client.received.filter((frame) => frame.headers.get('receipt-id') === 'no')).toEqual([]);
  });

  check('B17', '1.0: a blank after the colon is tolerated ("destination: /x")', async (world) => {
    const client = await world.connect('1.0');
    client.write(`SEND\ndestination: ${world.path('a')}\nreceipt: 1\n\n"x"\0`);
    await client.receipt('1');
    expect(await world.read(world.path('a'))).toBe('x');
  });

  check('B18', '1.0: a header value may hold colons', async (world) => {
    const client = await world.connect('1.0');
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:a:b:c\n\n1\0`);
    expect((await client.receipt('a:b:c')).lines).toContain('receipt-id:a:b:c');
  });

  check('B19', '1.2: an unescaped colon in a value is answered', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:a:b\n\n1\0`);
    await client.receipt('a:b');
  });

  check('B20', 'repeated header: the first counts', async (world) => {
    const client = await world.connect();
    client.send(
      'SEND',
      [
        ['destination', world.path('a')],
        ['receipt', 'first'],
        ['receipt', 'second'],
      ],
      '1',
    );
    await client.receipt('first');
    await write(client, world.path('a'), 2);
    expect(client.received.some((frame) => frame.headers.get('receipt-id') === 'second')).toBe(false);
  });

  check('B21', 'repeated destination: only the first is written', async (world) => {
    const client = await world.connect();
    await client.request(
      'SEND',
      [
        ['destination', world.path('a')],
        ['destination', world.path('b')],
      ],
      '1',
    );
    expect(await world.read(world.path('a'))).toBe(1);
    expect(await world.read(world.path('b'))).toBeNull();
  });

  check('B22', '1.1: CRLF line ends are served or refused, never a hang', async (world) => {
    const client = await world.connect('1.1');
    client.write(`SEND\r\ndestination:${world.path('a')}\r\nreceipt:1\r\n\r\n1\0`);
    const answer = await client.take('an answer', () => true);
    expect(['RECEIPT', 'ERROR']).toContain(answer.command);
  });

  if (transport === 'tcp') {
    check('B23', 'an HTTP request on the STOMP port ends in a close, others are not hurt', async (world) => {
      const other = await world.connect();
      await closedAfter(world, 'GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n');
      await write(other, world.path('a'), 1);
    });

    check('B24', 'binary noise (a TLS ClientHello) is refused, others are not hurt', async (world) => {
      const other = await world.connect();
      const hello = Buffer.from(`1603010200010001fc0303${'5a'.repeat(32)}20${'a5'.repeat(32)}0022130113031302`, 'hex');
      await closedAfter(world, hello);
      await write(other, world.path('a'), 1);
    });
  }

  check('B25', 'NUL octets between frames are ignored or refused, never a hang', async (world) => {
    const client = await world.connect();
    client.write('\0\0');
    client.send('SEND', { destination: world.path('a'), receipt: '1' }, '1');
    const answer = await client.take('an answer', () => true);
    expect(['RECEIPT', 'ERROR']).toContain(answer.command);
  });

  check('B26', 'a frame with no header at all is parsed (DISCONNECT)', async (world) => {
    const client = await world.connect();
    client.write('DISCONNECT\n\n\0');
    await client.end();
    expect(client.error).toBeUndefined();
  });

  check('B27', 'header names like __proto__ and constructor are plain data', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    await write(client, world.path('a'), 1, { ['__proto__' as string]: 'p', constructor: 'c', toString: 't' });
    const message = await client.message(id);
    expect(message.headers.get('constructor')).toBe('c');
    expect(message.headers.get('toString')).toBe('t');
  });

  check('B28', "no blank line before NUL (the specs' own DISCONNECT example, python stomper)", async (world) => {
    const client = await world.connect('1.1');
    client.write('DISCONNECT\nreceipt:77\n\0');
    await client.receipt('77');
    await client.end();
  });
});
