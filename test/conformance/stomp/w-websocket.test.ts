import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { RawWebSocket } from '../../harness/raw-websocket.js';
import { aMoment, connectWith, expectNothing, nextValue, section, subscribe, type World, write } from './world.js';

const CONNECT = 'CONNECT\naccept-version:1.2\nhost:a\n\n\0';
const TEXT = 1;
const BINARY = 2;
const PING = 9;
const PONG = 10;

/** The subprotocol that the server confirms for an offer. */
async function confirmed(world: World, offer?: string): Promise<string | undefined> {
  const headers = offer === undefined ? {} : { 'Sec-WebSocket-Protocol': offer };
  const socket = await RawWebSocket.open(world.server.httpPort, '/stomp', headers);
  const protocol = socket.handshake.headers.get('sec-websocket-protocol');
  if (socket.handshake.status === 101) {
    socket.send(CONNECT, { opcode: TEXT });
    await socket.frame((frame) => frame.payload.toString().startsWith('CONNECTED\n'));
  }
  socket.destroy();
  return protocol;
}

/** A raw websocket that is connected in the sense of STOMP. */
async function rawSession(world: World): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(world.server.httpPort, '/stomp', { 'Sec-WebSocket-Protocol': 'v12.stomp' });
  socket.send(CONNECT, { opcode: TEXT });
  await socket.frame((frame) => frame.payload.toString().startsWith('CONNECTED\n'));
  return socket;
}

section(
  'W websocket',
  ({ check }) => {
    for (const [id, protocol] of [
      ['W01', 'v12.stomp'],
      ['W02', 'v11.stomp'],
      ['W03', 'v10.stomp'],
    ] as const) {
      check(id, `subprotocol ${protocol} is accepted and echoed`, async (world) => {
        expect(await confirmed(world, protocol)).toBe(protocol);
      });
    }

    check('W04', 'of v10, v11, v12 the highest is chosen, whatever the order', async (world) => {
      expect(await confirmed(world, 'v10.stomp, v11.stomp, v12.stomp')).toBe('v12.stomp');
      expect(await confirmed(world, 'v11.stomp,v12.stomp,v10.stomp')).toBe('v12.stomp');
      expect(await confirmed(world, 'v11.stomp, v10.stomp')).toBe('v11.stomp');
    });

    check('W05', 'no subprotocol offered: still served', async (world) => {
      expect(await confirmed(world)).toBeUndefined();
    });

    check('W06', 'an unknown subprotocol is not confirmed', async (world) => {
      expect(await confirmed(world, 'v99.stomp')).toBeUndefined();
      expect(await confirmed(world, 'mqtt, v11.stomp')).toBe('v11.stomp');
    });

    check('W07', 'CONNECT in a binary message', async (world) => {
      const client = await world.open();
      client.write(Buffer.from(CONNECT));
      await client.take('CONNECTED', (frame) => frame.command === 'CONNECTED');
    });

    check('W08', 'CONNECT in a text message', async (world) => {
      const client = await world.open();
      client.write(CONNECT);
      await client.take('CONNECTED', (frame) => frame.command === 'CONNECTED');
    });

    check('W09', 'several frames in one websocket message', async (world) => {
      const client = await world.open();
      const path = world.path('a');
      client.write(
        `${CONNECT}\nSEND\ndestination:${path}\nreceipt:1\n\n1\0SEND\ndestination:${path}\nreceipt:2\n\n2\0\n\n`,
      );
      await client.receipt('1');
      await client.receipt('2');
    });

    check('W10', 'one frame in several websocket messages', async (world) => {
      const client = await world.connect();
      for (const piece of ['SE', 'ND\ndestina', `tion:${world.path('a')}\nreceipt:1\n`, '\n"pie', 'ces"', '\0'])
        client.write(piece);
      await client.receipt('1');
      expect(await world.read(world.path('a'))).toBe('pieces');
    });

    check('W11', 'the end of a message is not the end of a frame (no NUL, no frame)', async (world) => {
      const client = await world.connect();
      client.write(`SEND\ndestination:${world.path('a')}\nreceipt:1\n\n12`);
      await aMoment();
      expect(await world.read(world.path('a'))).toBeNull();
      client.write('3\0');
      await client.receipt('1');
      expect(await world.read(world.path('a'))).toBe(123);
    });

    check('W12', 'a UTF-8 sequence split over two binary messages', async (world) => {
      const client = await world.connect();
      const octets = Buffer.from(`SEND\ndestination:${world.path('a')}\nreceipt:€\n\n"😀"\0`);
      const places = [octets.indexOf('€') + 1, octets.indexOf('😀') + 2];
      client.write(octets.subarray(0, places[0]));
      client.write(octets.subarray(places[0], places[1]));
      client.write(octets.subarray(places[1]));
      await client.receipt('€');
      expect(await world.read(world.path('a'))).toBe('😀');
    });

    check('W13', 'continuation fragments (websocket level)', async (world) => {
      const socket = await rawSession(world);
      socket.send(`SEND\ndestination:${world.path('a')}\nrec`, { opcode: TEXT, fin: false });
      socket.send('', { opcode: PING });
      socket.send('eipt:1\n\n"frag', { opcode: 0, fin: false });
      socket.send('ments"\0', { opcode: 0 });
      await socket.frame((frame) => frame.payload.toString().startsWith('RECEIPT\n'));
      expect(await world.read(world.path('a'))).toBe('fragments');
      socket.destroy();
    });

    check(
      'W14',
      'every server message holds whole frames (or a lone EOL): webstomp-client depends on it',
      async (world) => {
        const client = await world.connect('1.2', { 'heart-beat': '0,200' });
        const { id } = await subscribe(client, world.path('a'));
        for (const size of [1, 200, 70_000, 300_000]) {
          await write(client, world.path('a'), 'x'.repeat(size));
          await client.message(id);
        }
        for (let n = 0; n < 50; n++) client.send('SEND', { destination: world.path('a') }, `${n}`);
        await write(client, world.path('a'), 'end');
        await client.take('the end', (frame) => frame.text === '"end"');
        for (const { octets } of client.messages) {
          const text = octets.toString();
          expect(text === '\n' || /^[A-Z]+\n[\s\S]*\0\n$/.test(text)).toBe(true);
          expect(text.split('\0\n').length).toBeLessThanOrEqual(2);
        }
      },
    );

    check('W15', 'text frames go out as websocket text messages', async (world) => {
      const client = await world.connect();
      const { id } = await subscribe(client, world.path('a'));
      await write(client, world.path('a'), 'žluť');
      await client.message(id);
      expect(client.messages.filter((message) => message.binary)).toEqual([]);
    });

    check('W16', 'broken UTF-8 in a text message: close 1007 (RFC 6455)', async (world) => {
      const socket = await rawSession(world);
      socket.send(Buffer.of(0x53, 0xc3, 0x28, 0x00), { opcode: TEXT });
      expect(await socket.close()).toBe(1007);
    });

    check('W17', 'a body with octets 0-255 in a binary message: kept or refused', async (world) => {
      const client = await world.connect();
      const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
      const head = `SEND\ndestination:${world.path('a')}\nreceipt:1\ncontent-length:256\n\n`;
      client.write(Buffer.concat([Buffer.from(head), all, Buffer.of(0)]));
      await client.refusal();
      expect(await world.read(world.path('a'))).toBeNull();
    });

    check('W18', 'server beats over the websocket', async (world) => {
      const client = await world.connect('1.2', { 'heart-beat': '0,200' });
      const deadline = performance.now() + 20_000;
      while (client.messages.length < 3 && performance.now() < deadline) await aMoment(50);
      expect(client.messages.slice(1, 3).map((message) => message.octets.toString())).toEqual(['\n', '\n']);
    });

    check('W19', 'ERROR is followed by a websocket close', async (world) => {
      const client = await world.connect();
      client.send('JUMP');
      await client.refusal();
      expect(client.ending?.code).not.toBe(1006);
    });

    check('W20', 'DISCONNECT with receipt over the websocket, then a clean close', async (world) => {
      const client = await world.connect();
      client.send('DISCONNECT', { receipt: 'bye' });
      await client.receipt('bye');
      expect((await client.end()).code).toBe(1000);
    });

    check('W21', 'subprotocol v11.stomp with accept-version:1.2: accept-version decides', async (world) => {
      const client = await world.open('websocket', ['v11.stomp']);
      const connected = await connectWith(client, { 'accept-version': '1.2', host: 'a' });
      expect(connected.headers.get('version')).toBe('1.2');
    });

    check('W22', 'a websocket ping is answered', async (world) => {
      const socket = await rawSession(world);
      socket.send('are you there', { opcode: PING });
      expect((await socket.frame((frame) => frame.opcode === PONG)).payload.toString()).toBe('are you there');
      socket.destroy();
    });

    check('W23', 'a 64 MiB message is refused (close 1009 or ERROR) or served, the server lives', async (world) => {
      const socket = await rawSession(world);
      socket.announce(BINARY, 64 * 1024 * 1024);
      expect(await socket.close()).toBe(1009);
      await write(await world.connect(), world.path('a'), 1);
    });

    check('W24', 'permessage-deflate, when agreed, works', async (world) => {
      const socket = new WebSocket(`ws://127.0.0.1:${world.server.httpPort}/stomp`, ['v12.stomp'], {
        perMessageDeflate: true,
      });
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      const answer = new Promise<string>((resolve, reject) => {
        socket.on('message', (data) => String(data).startsWith('RECEIPT') && resolve(String(data)));
        socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
      });
      socket.send(CONNECT);
      socket.send(`SEND\ndestination:${world.path('a')}\nreceipt:1\n\n"${'x'.repeat(5_000)}"\0`, { compress: true });
      expect(await answer).toContain('receipt-id:1');
      expect(await world.read(world.path('a'))).toBe('x'.repeat(5_000));
      socket.terminate();
    });

    check('W25', 'nothing is sent before CONNECT', async (world) => {
      const client = await world.open();
      await aMoment(250);
      expect(client.messages).toEqual([]);
    });

    check('W26', 'TCP and websocket clients see each other', async (world) => {
      const [tcp, websocket] = [await world.connect('1.2', {}, 'tcp'), await world.connect('1.2', {}, 'websocket')];
      const [inTcp, inWebsocket] = [await subscribe(tcp, world.path('a')), await subscribe(websocket, world.path('b'))];
      await write(tcp, world.path('b'), 'from tcp');
      await write(websocket, world.path('a'), 'from websocket');
      expect(await nextValue(tcp, inTcp.id)).toBe('from websocket');
      expect(await nextValue(websocket, inWebsocket.id)).toBe('from tcp');
    });

    check('W27', 'CRLF frames over the websocket', async (world) => {
      const client = await world.open();
      client.write('CONNECT\r\naccept-version:1.2\r\nhost:a\r\n\r\n\0\r\n');
      client.write(`SEND\r\ndestination:${world.path('a')}\r\nreceipt:1\r\n\r\n1\0\r\n`);
      await client.receipt('1');
    });

    check('W28', 'client EOLs in messages of their own are beats, an empty message is nothing', async (world) => {
      const client = await world.connect();
      for (const message of ['\n', '', '\r\n', '\n\n', '']) client.write(message);
      client.write(Buffer.alloc(0));
      await expectNothing(world, client);
    });
  },
  { transports: ['websocket'] },
);
