import { expect } from 'vitest';
import type { StompClient } from '../../harness/stomp-client.js';
import { nextValue, section, subscribe, write } from './world.js';

/** Writes pieces, giving the server time to refuse, until all are out or the connection has ended. */
async function pour(client: StompClient, piece: string, count: number): Promise<void> {
  for (let n = 0; n < count && client.ending === null; n++) {
    client.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

section('M limits and abuse', ({ check }) => {
  check('M01', '20,000 headers: accepted, or ERROR and close', async (world) => {
    const client = await world.connect();
    const lines = Array.from({ length: 20_000 }, (_, n) => `h${n}:v\n`).join('');
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:1\n${lines}\n1\0`);
    const answer = await client.take('an answer', () => true);
    if (answer.command === 'ERROR') await client.end();
    expect(['ERROR', 'RECEIPT']).toContain(answer.command);
  });

  check('M02', 'a header line of 1 MiB: accepted, or ERROR and close', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:1\nlong:${'x'.repeat(2 ** 20)}\n\n1\0`);
    const answer = await client.take('an answer', () => true);
    if (answer.command === 'ERROR') await client.end();
    expect(['ERROR', 'RECEIPT']).toContain(answer.command);
  });

  check('M03', 'content-length of 10 GB is refused at once with ERROR', async (world) => {
    const client = await world.connect();
    client.write(`SEND\ndestination:${world.path('a')}\nreceipt:big\ncontent-length:10000000000\n\n`);
    expect((await client.refusal()).headers.get('receipt-id')).toBe('big');
  });

  check('M04', 'before CONNECT: 1 MiB without a line end is cut off', async (world) => {
    const client = await world.open();
    await pour(client, 'A'.repeat(1024), 1024);
    await client.end();
  });

  check('M05', 'a command line without end (200 kB) is cut off', async (world) => {
    const client = await world.connect();
    await pour(client, 'A'.repeat(1000), 200);
    await client.refusal();
  });

  check('M06', 'an endless header section (4 MiB, no end in sight) is cut off', async (world) => {
    const client = await world.connect();
    client.write('SEND\n');
    await pour(client, `h:${'x'.repeat(1021)}\n`, 4096);
    await client.refusal();
  });

  check('M07', 'a slow reader does not stop the others', async (world) => {
    const [slow, quick, sender] = await Promise.all([world.connect(), world.connect(), world.connect()]);
    await subscribe(slow, world.path('a'));
    const { id } = await subscribe(quick, world.path('a'));
    slow.wire.pause();
    const filling = 'x'.repeat(100_000);
    for (let n = 0; n < 100; n++) {
      await write(sender, world.path('a'), `${n}${filling}`);
      expect(((await nextValue(quick, id)) as string).length).toBe(filling.length + `${n}`.length);
    }
    slow.wire.resume();
  });
});
