import type { StompClient } from '../client/stomp-client.js';
import { Latencies } from './latencies.js';

export interface LoadOptions {
  /** Opens one more connection. */
  readonly connect: () => Promise<StompClient>;
  readonly durationMs: number;
  /** Where the load writes; removed at the end. */
  readonly path: string;
}

export interface LoadResult {
  readonly name: string;
  readonly perSecond: number;
  readonly latencies: Latencies;
}

const WRITERS = 8;
/** Writes that one writer has under way. */
const WINDOW = 32;
/** Writes under way while deliveries are measured: few, so that the listeners and not the queue are measured. */
const FAN_OUT_WINDOW = 4;

/** Durable writes to distinct paths by several connections. */
export async function measureWrites({ connect, durationMs, path }: LoadOptions): Promise<LoadResult> {
  const clients = await connectMany(connect, WRITERS);
  const latencies = new Latencies();
  const started = performance.now();
  await Promise.all(
    clients.flatMap((client, index) =>
      writeUntil(client, `${path}/w${index}`, { latencies, until: started + durationMs, window: WINDOW }),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  await closeMany(clients);
  return {
    name: `durable writes, ${WRITERS} connections x ${WINDOW}`,
    perSecond: latencies.count / seconds,
    latencies,
  };
}

/** Writes to one path that many connections listen to: from the SEND to the MESSAGE. */
export async function measureFanOut(
  { connect, durationMs, path }: LoadOptions,
  listeners: number,
): Promise<LoadResult> {
  const clients = await connectMany(connect, listeners);
  const latencies = new Latencies();
  const target = `${path}/fan-out`;
  let begun = 0;
  const began = clients.map(
    (client) =>
      new Promise<void>((resolve) => {
        client.subscribe(target, [], ({ body }) => {
          const sent = (JSON.parse(body) as { sent?: number } | null)?.sent;
          if (sent !== undefined && begun > 0) latencies.add(performance.now() - sent);
          resolve();
        });
      }),
  );
  await Promise.all(began);
  const writer = await connect();
  begun = performance.now();
  const writes = { latencies: new Latencies(), until: begun + durationMs, window: FAN_OUT_WINDOW };
  await Promise.all(writeUntil(writer, target, writes));
  const seconds = (performance.now() - begun) / 1000;
  const perSecond = latencies.count / seconds;
  await closeMany([writer, ...clients]);
  return { name: `deliveries to ${listeners} listeners`, perSecond, latencies };
}

/** Keeps `window` writes under way; each of the promises is one of them being renewed. */
function writeUntil(
  client: StompClient,
  path: string,
  { latencies, until, window }: { latencies: Latencies; until: number; window: number },
): Promise<void>[] {
  return Array.from({ length: window }, async () => {
    for (let sent = performance.now(); sent < until; sent = performance.now()) {
      await client.request('SEND', [['destination', path]], JSON.stringify({ sent, text: 'x'.repeat(64) }));
      latencies.add(performance.now() - sent);
    }
  });
}

function connectMany(connect: () => Promise<StompClient>, count: number): Promise<StompClient[]> {
  return Promise.all(Array.from({ length: count }, connect));
}

async function closeMany(clients: readonly StompClient[]): Promise<void> {
  await Promise.all(clients.map((client) => client.close()));
}
