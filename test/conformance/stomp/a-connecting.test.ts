import { expect } from 'vitest';
import { aMoment, connectWith, expectNothing, section, subscribe, write } from './world.js';

const SERVER_FIELD = /^[^\s/]+(\/\S+)?( .*)?$/;

section('A connecting and version negotiation', ({ check }) => {
  const negotiations = [
    ['A01', '1.2', '1.2'],
    ['A02', '1.1', '1.1'],
    ['A03', '1.0', '1.0'],
    ['A05', '1.0,1.1,1.2', '1.2'],
    ['A06', '1.2,1.0,1.1', '1.2'],
    ['A07', '1.0,1.1,2.0', '1.1'],
  ] as const;
  for (const [id, offer, version] of negotiations) {
    check(id, `accept-version:${offer} gives version:${version}`, async (world) => {
      const client = await world.open();
      const connected = await connectWith(client, { 'accept-version': offer, host: 'a' });
      expect(connected.headers.get('version')).toBe(version);
    });
  }

  check('A04', 'no accept-version means a 1.0 session', async (world) => {
    const client = await world.open();
    const connected = await connectWith(client, {});
    expect(connected.headers.get('version') ?? '1.0').toBe('1.0');
    const path = world.path('a');
    client.write(`SUBSCRIBE\ndestination:${path}\nnote:a\\tb\nreceipt:x\\cy\n\n\0`);
    expect((await client.take('RECEIPT', (frame) => frame.command === 'RECEIPT')).lines).toContain('receipt-id:x\\cy');
  });

  check('A08', 'no common version: ERROR, then close', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '3.0,9.9', host: 'a' });
    await client.refusal();
    expect(client.received.map((frame) => frame.command)).toEqual(['ERROR']);
  });

  check('A09', 'that ERROR names the supported versions in a version header', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '3.0', host: 'a' });
    const error = await client.refusal();
    expect(error.headers.get('version')?.split(',').toSorted()).toEqual(['1.0', '1.1', '1.2']);
    expect(error.text).not.toBe('');
  });

  for (const [id, version] of [
    ['A10', '1.2'],
    ['A11', '1.1'],
  ] as const) {
    check(id, `STOMP is handled like CONNECT (${version})`, async (world) => {
      const client = await world.open();
      const connected = await connectWith(client, { 'accept-version': version, host: 'a' }, 'STOMP');
      expect(connected.headers.get('version')).toBe(version);
      await write(client, world.path('a'), 1);
    });
  }

  check('A12', 'CONNECTED carries a version header in 1.1 and 1.2', async (world) => {
    for (const version of ['1.1', '1.2'] as const) {
      const client = await world.connect(version);
      expect(client.received[0]?.headers.get('version')).toBe(version);
    }
  });

  check('A13', 'session header, when sent, differs between connections', async (world) => {
    const clients = await Promise.all([world.connect(), world.connect(), world.connect()]);
    const sessions = clients
      .map((client) => client.received[0]?.headers.get('session'))
      .filter((value) => value !== undefined);
    expect(new Set(sessions).size).toBe(sessions.length);
  });

  check('A14', 'server header, when sent, is name[/version] [comment]', async (world) => {
    const client = await world.connect();
    const server = client.received[0]?.headers.get('server');
    if (server !== undefined) expect(server).toMatch(SERVER_FIELD);
  });

  check('A15', 'wrong passcode: ERROR, then close', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '1.2', host: 'a', login: 'admin', passcode: 'wrong' });
    expect((await client.refusal()).headers.get('code')).toBe('unauthenticated');
  });

  check('A16', 'unknown login: ERROR, then close', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '1.2', host: 'a', login: 'nobody-knows@example.com', passcode: 'x' });
    expect((await client.refusal()).headers.get('code')).toBe('unauthenticated');
  });

  check('A17', 'a failed CONNECT leaves no half-open session (a SEND after it has no effect)', async (world) => {
    const client = await world.open();
    const path = world.path('a');
    client.write(
      `CONNECT\naccept-version:1.2\nhost:a\nlogin:x\npasscode:y\n\n\0SEND\ndestination:${path}\nreceipt:1\n\n"evil"\0`,
    );
    await client.refusal();
    await aMoment();
    expect(await world.read(path)).toBeNull();
  });

  check('A18', 'a frame before CONNECT has no effect and is answered by ERROR or close', async (world) => {
    const client = await world.open();
    const path = world.path('a');
    client.send('SEND', { destination: path, receipt: '1' }, '"early"');
    await client.end();
    expect(client.received.filter((frame) => frame.command !== 'ERROR')).toEqual([]);
    expect(await world.read(path)).toBeNull();
  });

  check('A19', 'the server sends nothing before it got CONNECT', async (world) => {
    const client = await world.open();
    await aMoment(250);
    expect(client.arrivals).toEqual([]);
    await connectWith(client, { 'accept-version': '1.2', host: 'a' });
  });

  check(
    'A20',
    'frames pipelined behind CONNECT: the first answer is CONNECTED, then the rest is served',
    async (world) => {
      const client = await world.open();
      const path = world.path('a');
      client.write(
        `CONNECT\naccept-version:1.2\nhost:a\n\n\0SUBSCRIBE\nid:0\ndestination:${path}\nreceipt:1\n\n\0` +
          `SEND\ndestination:${path}\nreceipt:2\n\n"hello"\0`,
      );
      await client.receipt('1');
      await client.receipt('2');
      await client.take('the value', (frame) => frame.command === 'MESSAGE' && frame.text === '"hello"');
      expect(client.received[0]?.command).toBe('CONNECTED');
    },
  );

  check('A21', 'a second CONNECT on one connection is refused (or leaves the session as it was)', async (world) => {
    const client = await world.connect();
    client.send('CONNECT', { 'accept-version': '1.1', host: 'a' });
    await client.refusal();
    expect(client.received.filter((frame) => frame.command === 'CONNECTED')).toHaveLength(1);
  });

  check('A22', 'CONNECT without host in 1.2 is served or refused, never a hang', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '1.2' });
    const answer = await client.take('an answer', () => true);
    expect(['CONNECTED', 'ERROR']).toContain(answer.command);
  });

  check('A23', 'CONNECT with an unknown host selects the default database', async (world) => {
    const client = await world.open();
    await connectWith(client, { 'accept-version': '1.2', host: 'no.such.host.example' });
    const path = world.path('a');
    await write(client, path, 'same');
    expect(await world.read(path)).toBe('same');
  });

  check('A24', 'receipt on CONNECT does not put a RECEIPT before CONNECTED', async (world) => {
    const client = await world.open();
    await connectWith(client, { 'accept-version': '1.2', host: 'a', receipt: 'r' });
    await write(client, world.path('a'), 1);
    expect(client.received[0]?.command).toBe('CONNECTED');
  });

  check('A25', 'header names are case sensitive (Accept-Version is not accept-version)', async (world) => {
    const client = await world.open();
    const connected = await connectWith(client, { 'Accept-Version': '1.2', host: 'a' });
    expect(connected.headers.get('version') ?? '1.0').toBe('1.0');
  });

  check('A26', 'commands are case sensitive (connect is not CONNECT)', async (world) => {
    const client = await world.open();
    client.write('connect\naccept-version:1.2\nhost:a\n\n\0');
    await client.end();
    expect(client.received.some((frame) => frame.command === 'CONNECTED')).toBe(false);
  });

  check('A27', '60 rapid connect, disconnect rounds', async (world) => {
    for (let round = 0; round < 60; round++) {
      const client = await world.connect();
      await client.request('DISCONNECT');
      await client.end();
    }
  });

  check('A28', 'an arbitrary extra header on CONNECT is tolerated', async (world) => {
    const client = await world.connect('1.2', { 'x-whatever': 'yes', 'client-id': 'c' });
    await write(client, world.path('a'), 1);
  });

  check('A29', 'accept-version with blanks after the commas is answered', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '1.0, 1.1, 1.2', host: 'a' });
    const answer = await client.take('an answer', () => true);
    expect(answer.command).toBe('CONNECTED');
    expect(answer.headers.get('version')).toBe('1.2');
  });

  check(
    'A30',
    '1.0: CONNECT with a blank after the colons (login: x), as in the 1.0 text; perl sends it',
    async (world) => {
      const client = await world.open();
      await connectWith(client, { host: ' a', 'x-y': ' z' });
      const path = world.path('a');
      client.write(`SEND\ndestination: ${path}\nreceipt: 1\n\n"padded"\0`);
      await client.receipt('1');
      expect(await world.read(path)).toBe('padded');
    },
  );

  check('A31', 'CONNECT with content-length:0 and a content-type (ruby stomp sends both)', async (world) => {
    const client = await world.connect('1.2', { 'content-length': '0', 'content-type': 'text/plain; charset=UTF-8' });
    const { id } = await subscribe(client, world.path('a'));
    await expectNothing(world, client, id);
  });
});
