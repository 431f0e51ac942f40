import { expect } from 'vitest';
import type { Headers, Version } from '../../harness/stomp-client.js';
import { aMoment, section, subscribe, type World, write } from './world.js';

/** A frame that must be refused in this version. `PATH` stands for the path of the check. */
interface Refused {
  readonly id: string;
  readonly title: string;
  readonly command: string;
  readonly headers: Headers;
  readonly version?: Version;
}

const REFUSED: readonly Refused[] = [
  { id: 'F07', title: 'SEND without destination', command: 'SEND', headers: {} },
  { id: 'F08', title: 'SUBSCRIBE without destination', command: 'SUBSCRIBE', headers: { id: '0' } },
  {
    id: 'F09a',
    title: 'SUBSCRIBE without id (1.1)',
    command: 'SUBSCRIBE',
    headers: { destination: 'PATH' },
    version: '1.1',
  },
  { id: 'F09b', title: 'SUBSCRIBE without id (1.2)', command: 'SUBSCRIBE', headers: { destination: 'PATH' } },
  {
    id: 'F10a',
    title: 'UNSUBSCRIBE without id (1.1)',
    command: 'UNSUBSCRIBE',
    headers: { destination: 'PATH' },
    version: '1.1',
  },
  { id: 'F10b', title: 'UNSUBSCRIBE without id (1.2)', command: 'UNSUBSCRIBE', headers: { destination: 'PATH' } },
  { id: 'F11', title: 'UNSUBSCRIBE with an unknown id', command: 'UNSUBSCRIBE', headers: { id: 'never-used' } },
  { id: 'F12', title: '1.2 ACK without id', command: 'ACK', headers: {} },
  { id: 'F13', title: '1.1 ACK without message-id', command: 'ACK', headers: { subscription: '0' }, version: '1.1' },
  { id: 'F14', title: '1.1 ACK without subscription', command: 'ACK', headers: { 'message-id': '1' }, version: '1.1' },
  { id: 'F15', title: 'ACK of an id that was never sent', command: 'ACK', headers: { id: 'no-such-ack' } },
  { id: 'F16a', title: 'BEGIN without transaction', command: 'BEGIN', headers: {} },
  { id: 'F16b', title: 'COMMIT without transaction', command: 'COMMIT', headers: {} },
  { id: 'F16c', title: 'ABORT without transaction', command: 'ABORT', headers: {} },
  { id: 'F17a', title: 'COMMIT of an unknown transaction', command: 'COMMIT', headers: { transaction: 'unknown' } },
  { id: 'F17b', title: 'ABORT of an unknown transaction', command: 'ABORT', headers: { transaction: 'unknown' } },
  {
    id: 'F18',
    title: 'SEND in an unknown transaction',
    command: 'SEND',
    headers: { destination: 'PATH', transaction: 'unknown' },
  },
  { id: 'F19', title: 'ACK in an unknown transaction', command: 'ACK', headers: { id: 'x', transaction: 'unknown' } },
  {
    id: 'F21a',
    title: 'a client must not send MESSAGE',
    command: 'MESSAGE',
    headers: { destination: 'PATH', 'message-id': '1', subscription: '0' },
  },
  { id: 'F21b', title: 'a client must not send RECEIPT', command: 'RECEIPT', headers: { 'receipt-id': '1' } },
  { id: 'F21c', title: 'a client must not send CONNECTED', command: 'CONNECTED', headers: { version: '1.2' } },
  { id: 'F21d', title: 'a client must not send ERROR', command: 'ERROR', headers: { message: 'mine' } },
  {
    id: 'F22',
    title: 'SUBSCRIBE with an undefined ack mode',
    command: 'SUBSCRIBE',
    headers: { id: '0', destination: 'PATH', ack: 'sometimes' },
  },
];

async function refuse(world: World, { command, headers, version = '1.2' }: Refused): Promise<void> {
  const client = await world.connect(version);
  const entries = Object.entries(headers).map(([name, value]): [string, string] => [
    name,
    value.replace('PATH', world.path('a')),
  ]);
  client.send(command, [...entries, ['receipt', 'of-refused']], command === 'SEND' ? '1' : '');
  const error = await client.refusal();
  expect(error.headers.get('receipt-id')).toBe('of-refused');
  expect(client.received.map((frame) => frame.command)).toEqual(['CONNECTED', 'ERROR']);
}

section('F errors', ({ check }) => {
  check('F01', '1.2: the connection is closed after ERROR', async (world) => {
    const client = await world.connect('1.2');
    client.send('JUMP');
    await client.refusal();
  });

  check('F02', '1.1: a SEND that cannot be done: ERROR and disconnect', async (world) => {
    const client = await world.connect('1.1');
    client.send('SEND', { destination: '/not/a/key/with.dot' }, '1');
    await client.refusal();
  });

  check('F03', '1.2: a SUBSCRIBE that cannot be done: ERROR and close', async (world) => {
    const client = await world.connect('1.2');
    client.send('SUBSCRIBE', { id: '0', destination: '/a//b[' });
    await client.refusal();
  });

  check('F04', 'ERROR has a message header', async (world) => {
    const client = await world.connect();
    client.send('JUMP');
    expect((await client.refusal()).headers.get('message')).toMatch(/\S/);
  });

  check('F05', 'ERROR has receipt-id when the frame asked for a receipt', async (world) => {
    for (const version of ['1.0', '1.1', '1.2'] as const) {
      const client = await world.connect(version);
      client.send('SEND', { destination: '/bad.key', receipt: 'r:1' }, '1');
      expect((await client.refusal()).headers.get('receipt-id')).toBe('r:1');
    }
  });

  check('F06', 'frames behind the refused one are not executed (1.2)', async (world) => {
    const client = await world.connect();
    const [before, behind] = [world.path('before'), world.path('behind')];
    client.write(
      `SEND\ndestination:${before}\n\n1\0SEND\nreceipt:bad\n\n1\0SEND\ndestination:${behind}\nreceipt:3\n\n1\0DISCONNECT\nreceipt:4\n\n\0`,
    );
    await client.refusal();
    await aMoment();
    expect(client.received.map((frame) => frame.command)).toEqual(['CONNECTED', 'ERROR']);
    expect(await world.read(before)).toBe(1);
    expect(await world.read(behind)).toBeNull();
  });

  for (const refused of REFUSED) check(refused.id, refused.title, (world) => refuse(world, refused));

  check('F20', 'BEGIN of a transaction that is open', async (world) => {
    const client = await world.connect();
    await client.request('BEGIN', { transaction: 't' });
    client.send('BEGIN', { transaction: 't' });
    await client.refusal();
  });

  check('F23', 'ERROR texts do not repeat the passcode', async (world) => {
    const client = await world.open();
    client.send('CONNECT', { 'accept-version': '1.2', host: 'a', login: 'someone', passcode: 'hunter2-secret' });
    const error = await client.refusal();
    expect(`${error.lines.join('\n')}${error.text}`).not.toContain('hunter2-secret');
  });

  check('F24', 'an error on one connection leaves the others alone', async (world) => {
    const [bad, good] = await Promise.all([world.connect(), world.connect()]);
    const { id } = await subscribe(good, world.path('a'));
    bad.send('JUMP');
    await bad.refusal();
    await write(good, world.path('a'), 'still here');
    expect((await good.message(id)).text).toBe('"still here"');
  });

  check('F25', 'after ERROR the peer sees an orderly close (FIN or ws close), not only a reset', async (world) => {
    const client = await world.connect();
    client.send('JUMP');
    for (let count = 0; count < 50; count++)
      client.send('SEND', { destination: world.path('a') }, `"${'x'.repeat(10_000)}"`);
    await client.refusal();
    expect(client.ending?.orderly).toBe(true);
  });
});
