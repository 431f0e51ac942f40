import { describe, expect, it } from 'vitest';
import { clientFrame } from '../harness/load-client.js';
import { type Open, overTcp, repeat, serveHostileClients, TRANSPORTS } from './hostile-server.js';
import { mutatedFrame } from './mutations.js';
import { countFromEnvironment, Random } from './random.js';

/** FUZZ_FRAMES lengthens the run (1,000,000 is a good long one); FUZZ_SEED repeats another. */
const FRAMES = countFromEnvironment('FUZZ_FRAMES', 100_000);
const FRAMES_PER_CONNECTION = 5;
const CONNECTIONS_AT_A_TIME = 40;
const MINUTES = 60_000;

serveHostileClients();

describe('mutated frames', () => {
  it.each(TRANSPORTS)(
    `%s: ${FRAMES / 2} of them end no process and hang no connection`,
    async (_name, open) => {
      const random = Random.fromEnvironment('FUZZ_SEED');
      const connections = Math.ceil(FRAMES / 2 / FRAMES_PER_CONNECTION);
      let begun = 0;
      const worker = async (): Promise<void> => {
        while (begun < connections) {
          begun += 1;
          await sendMutated(open, random);
        }
      };
      const workers = Array.from({ length: CONNECTIONS_AT_A_TIME }, worker);
      await Promise.all(workers).catch((cause) => {
        throw new Error(`with seed ${random.seed}, connection ${begun}`, { cause });
      });
    },
    MINUTES + FRAMES,
  );
});

/** Most connections begin with a good CONNECT, so that what follows gets further. */
async function sendMutated(open: Open, random: Random): Promise<void> {
  const client = await open();
  if (random.next() < 0.9) client.connect();
  for (let index = 0; index < FRAMES_PER_CONNECTION; index += 1) client.send(mutatedFrame(random));
  await client.finish();
}

describe('floods', () => {
  it.each(TRANSPORTS)('%s: 100,000 headers in one frame are refused', async (_name, open) => {
    const client = await open();
    client.connect();
    await client.saw('CONNECTED');
    const headers = Buffer.from(Array.from({ length: 100_000 }, (_, index) => `h${index}:v\n`).join(''));
    client.send(Buffer.concat([Buffer.from('SEND\ndestination:/flood\n'), headers, Buffer.from('\n1\0')]));
    expect((await client.end()).text).toContain('ERROR');
  });

  it.each(TRANSPORTS)('%s: a header line without an end is refused', async (_name, open) => {
    const client = await open();
    client.connect();
    await client.saw('CONNECTED');
    const part = Buffer.alloc(65_536, 'x');
    client.send(Buffer.from('SEND\ndestination:/'));
    await client.pour(repeat(open === overTcp ? part : clientFrame(part, 2), 1600));
    expect((await client.end()).text).toContain('ERROR');
  });

  it.each(TRANSPORTS)('%s: nothing but junk before CONNECT is refused', async (_name, open) => {
    const client = await open();
    const part = Buffer.alloc(16_384, 'y');
    await client.pour(repeat(open === overTcp ? part : clientFrame(part, 2), 4000));
    expect((await client.end()).text).toContain('ERROR');
  });

  it.each(TRANSPORTS)(
    '%s: a body announced as larger than any may be is refused at its header',
    async (_name, open) => {
      for (const length of ['17825793000', '99999999999999999999', '1e9', '-1', '0x10', '']) {
        const client = await open();
        client.connect();
        await client.saw('CONNECTED');
        client.send(Buffer.from(`SEND\ndestination:/big\ncontent-length:${length}\n\n`));
        expect((await client.end()).text).toContain('ERROR');
      }
    },
  );

  it('many line ends and heart-beats are read in bounded time', async () => {
    const client = await overTcp();
    client.connect();
    await client.saw('CONNECTED');
    await client.pour(repeat(Buffer.alloc(65_536, '\n'), 160));
    client.send(Buffer.from('DISCONNECT\nreceipt:done\n\n\0'));
    expect((await client.end()).text).toContain('receipt-id:done');
  });
});
