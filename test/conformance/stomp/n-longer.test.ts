import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { RawWebSocket } from '../../harness/raw-websocket.js';
import { type ServerHandle, type StartOptions, startServer } from '../../harness/server.js';
import type { StompClient } from '../../harness/stomp-client.js';
import { aMoment, expectNothing, nextValue, section, subscribe, type Transport, World, write } from './world.js';

const CONNECT = 'CONNECT\naccept-version:1.2\nhost:a\n\n\0';
const TEXT = 1;
const LAG_MS = 2_000;
const TRANSPORTS: readonly Transport[] = ['tcp', 'websocket'];

/** Runs with a server that is stopped in the end, whatever happens. */
async function withServer<Result>(
  options: StartOptions,
  body: (server: ServerHandle) => Promise<Result>,
): Promise<Result> {
  const server = await startServer(options);
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

/** Runs with a data folder that outlives its servers. */
async function withFolder(body: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'backside-conformance-'));
  try {
    await body(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

section(
  'N log-in timeout',
  ({ check }) => {
    check('N01', 'a socket that never sends CONNECT is closed after the log-in timeout', async (world) => {
      const start = performance.now();
      const [silent, beating] = await Promise.all([world.open(), world.open()]);
      const beats = setInterval(() => beating.ending === null && beating.write('\n'), 100);
      await Promise.all([silent.end(), beating.end()]).finally(() => clearInterval(beats));
      expect(performance.now() - start).toBeGreaterThan(700);
      expect(performance.now() - start).toBeLessThan(800 + LAG_MS);
    });

    check('N01', 'the log-in timeout does not touch those who have connected', async (world) => {
      const client = await world.connect();
      await aMoment(1_200);
      await write(client, world.path('a'), 1);
    });
  },
  { args: ['--log-in-timeout', '800ms'] },
);

section(
  'N slow readers',
  ({ check }) => {
    check('N03', 'a reader that stops reading is closed, and only that one', async (world) => {
      const [stuck, reader, sender] = await Promise.all([world.connect(), world.connect(), world.connect()]);
      await subscribe(stuck, world.path('a'));
      const { id } = await subscribe(reader, world.path('a'));
      stuck.wire.pause();
      const filling = 'x'.repeat(500_000);
      for (let n = 0; n < 40; n++) {
        await write(sender, world.path('a'), `${n}${filling}`);
        await nextValue(reader, id);
      }
      await aMoment(2_000);
      stuck.wire.resume();
      await stuck.end();
      await write(sender, world.path('a'), 'still served');
      expect(await nextValue(reader, id)).toBe('still served');
    });
  },
  { args: ['--stall-timeout', '500ms'], audited: false },
);

/** A session whose answers do not depend on time: every kind of cut can hurt it. */
function recordedSession(path: string): Buffer {
  return Buffer.from(
    `CONNECT\r\naccept-version:1.2\r\nhost:a\r\n\r\n\0\nSUBSCRIBE\nid:s\\c€\ndestination:${path}\nreceipt:1\n\n\0\r\n` +
      `SEND\ndestination:${path}/k\ncontent-length:7\nreceipt:a\\c\\\\2\n\n"ü€"\0BEGIN\ntransaction:t\nreceipt:3\n\n\0\n` +
      `ABORT\ntransaction:t\nreceipt:4\n\n\0SEND\nreceipt:5\n\n1\0SEND\ndestination:${path}/k\nreceipt:6\n\n2\0`,
  );
}

/** What a client can see of the answers, without what differs from run to run. */
function outline(client: StompClient): string[] {
  const answers = client.received.filter((frame) => frame.command !== 'MESSAGE');
  return answers.map((frame) => `${frame.command} ${frame.headers.get('receipt-id') ?? ''}`);
}

section('N cuts and noise', ({ check }) => {
  check('N05', 'garbage on some connections leaves the others alone', async (world) => {
    const client = await world.connect();
    const { id } = await subscribe(client, world.path('a'));
    for (let round = 0; round < 40; round++) {
      const noisy = await world.open('tcp');
      const octets = Buffer.from(
        Array.from({ length: 200 }, (_, n) => (n * 31 + round * 17 + ((n * round) >> 3)) % 256),
      );
      noisy.write(round % 2 === 0 ? octets : Buffer.concat([Buffer.from(CONNECT), octets, Buffer.of(0)]));
      noisy.wire.end();
      await noisy.end();
    }
    await write(client, world.path('a'), 'untouched');
    expect(await nextValue(client, id)).toBe('untouched');
    await expectNothing(world, client, id);
  });

  check('N06', 'every split position of a recorded session (all cuts in two) gives the same frames', async (world) => {
    const expected = ['CONNECTED ', 'RECEIPT 1', 'RECEIPT a:\\2', 'RECEIPT 3', 'RECEIPT 4', 'ERROR 5'];
    const length = recordedSession(world.path('000')).length;
    for (let place = 0; place <= length; place++) {
      const path = world.path(String(place).padStart(3, '0'));
      const client = await world.open();
      const octets = recordedSession(path);
      client.write(octets.subarray(0, place));
      await new Promise((resolve) => setImmediate(resolve));
      client.write(octets.subarray(place));
      await client.refusal();
      expect({ place, answers: outline(client) }).toEqual({ place, answers: expected });
      client.destroy();
    }
    const values = Object.values((await world.read(world.path('').slice(0, -1))) as Record<string, unknown>);
    expect(values).toEqual(Array.from({ length: length + 1 }, () => ({ k: 'ü€' })));
  });
});

it('N07 kill -9: each SEND with a RECEIPT is there afterwards', async () => {
  await withFolder(async (dataDir) => {
    const client = await withServer({ dataDir }, async (server) => {
      const client = await new World('tcp', server).connect();
      for (let n = 0; n < 2_000; n++) client.send('SEND', { destination: `/kept/k${n}`, receipt: `k${n}` }, `${n}`);
      await client.receipt('k200');
      await server.kill();
      await client.end();
      return client;
    });
    const receipts = client.received.filter((frame) => frame.command === 'RECEIPT');
    expect(receipts.length).toBeGreaterThan(200);
    const kept = await withServer({ dataDir }, (server) => new World('tcp', server).read('/kept'));
    const lost = receipts.filter((frame) => !Object.hasOwn(kept as object, frame.headers.get('receipt-id')!));
    expect(lost).toEqual([]);
  });
});

it('N09 login, passcode and bodies do not show up in logs', async () => {
  await withServer({ args: ['--log-level', 'debug'] }, async (server) => {
    const world = new World('tcp', server);
    const stranger = await world.open();
    stranger.send('CONNECT', {
      'accept-version': '1.2',
      host: 'a',
      login: 'secret-login',
      passcode: 'secret-passcode',
    });
    await stranger.take('an answer', () => true);
    const client = await world.connect();
    await write(client, world.path('a'), 'secret-body');
    client.send('SEND', { destination: world.path('a') }, 'secret-broken-body');
    await client.refusal();
    await server.stop();
    expect(server.output()).toContain('backside ready');
    expect(server.output()).not.toMatch(/secret-/);
  });
});

section(
  'N origins',
  ({ check }) => {
    const status = async (world: World, origin?: string): Promise<number> => {
      const headers = origin === undefined ? {} : { Origin: origin };
      const socket = await RawWebSocket.open(world.server.httpPort, '/stomp', headers);
      socket.destroy();
      return socket.handshake.status;
    };

    check('N10', 'Origin allow-list on the websocket; no Origin header (devices) still works', async (world) => {
      expect(await status(world, 'https://app.example.com')).toBe(101);
      expect(await status(world)).toBe(101);
      for (const origin of [
        'https://evil.example.com',
        'http://app.example.com',
        'https://app.example.com.evil.com',
        'null',
      ]) {
        expect(await status(world, origin)).toBe(403);
      }
    });
  },
  { transports: ['websocket'], args: ['--allowed-origins', 'https://app.example.com'] },
);

section(
  'N websocket framing',
  ({ check }) => {
    const session = async (world: World, headers: Record<string, string> = {}): Promise<RawWebSocket> => {
      const socket = await RawWebSocket.open(world.server.httpPort, '/stomp', headers);
      expect(socket.handshake.status).toBe(101);
      return socket;
    };

    check('N11', 'permessage-deflate bomb: the limit holds for inflated octets, before log-in too', async (world) => {
      const socket = await session(world, { 'Sec-WebSocket-Extensions': 'permessage-deflate' });
      const agreed = socket.handshake.headers.has('sec-websocket-extensions');
      const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024, 'A'), { finishFlush: constants.Z_SYNC_FLUSH });
      socket.send(bomb.subarray(0, -4), { opcode: TEXT, rsv1: true });
      if (agreed) await socket.ended;
      else expect(await socket.close()).toBe(1002);
      await write(await world.connect(), world.path('a'), 1);
    });

    check('N12', 'close code 1000 after DISCONNECT', async (world) => {
      const socket = await session(world);
      socket.send(`${CONNECT}DISCONNECT\nreceipt:1\n\n\0`, { opcode: TEXT });
      expect(await socket.close()).toBe(1000);
      expect(socket.frames.some((frame) => frame.payload.toString().startsWith('RECEIPT\n'))).toBe(true);
    });

    check('N12', 'close code 1002 for a reserved opcode and for a reserved bit', async (world) => {
      for (const options of [{ opcode: 5 }, { opcode: TEXT, rsv1: true }]) {
        const socket = await session(world);
        socket.send('x', options);
        expect(await socket.close()).toBe(1002);
      }
    });

    check('N12', 'close code 1007 for broken UTF-8', async (world) => {
      const socket = await session(world);
      socket.send(Buffer.of(0xff, 0xfe), { opcode: TEXT });
      expect(await socket.close()).toBe(1007);
    });

    check('N12', 'close code 1009 for a message that is too big', async (world) => {
      const socket = await session(world);
      socket.announce(TEXT, 2 ** 40);
      expect(await socket.close()).toBe(1009);
    });
  },
  { transports: ['websocket'] },
);

it('N12 close code 1001 on shutdown', async () => {
  await withServer({}, async (server) => {
    const socket = await RawWebSocket.open(server.httpPort, '/stomp');
    socket.send(CONNECT, { opcode: TEXT });
    await socket.frame((frame) => frame.payload.toString().startsWith('CONNECTED\n'));
    const stopped = server.stop();
    expect(await socket.close()).toBe(1001);
    expect(await stopped).toBe(0);
  });
});

it.each(TRANSPORTS)(
  'N13 server shutdown: close to all, transactions aborted, RECEIPTs durable (%s)',
  async (transport) => {
    await withFolder(async (dataDir) => {
      await withServer({ dataDir }, async (server) => {
        const world = new World(transport, server);
        const [writer, idle, unconnected] = [await world.connect(), await world.connect(), await world.open()];
        await subscribe(idle, '/shutdown');
        await writer.request('BEGIN', { transaction: 't' });
        await write(writer, '/shutdown/half', 1, { transaction: 't' });
        await write(writer, '/shutdown/durable', 'yes');
        const stopped = server.stop();
        await Promise.all([writer.end(), idle.end(), unconnected.end()]);
        expect(await stopped).toBe(0);
        await world.end();
      });
      const left = await withServer({ dataDir }, (server) => new World('tcp', server).read('/shutdown'));
      expect(left).toEqual({ durable: 'yes' });
    });
  },
);
