import { randomUUID } from 'node:crypto';
import type { Notifier } from '@backside/notifier';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, bench, describe } from 'vitest';
import { startService } from '../../../test/services/index.js';
import { createNatsNotifier } from './nats-notifier.js';

/** From publishing until a handler has it, over one server: what the notifier costs beside the client library alone. */
const OPTIONS = { time: 1_500, warmupTime: 300 };
const BURST = 1_000;

const server = await startService('nats');
const prefix = randomUUID();
const commit = commitAt(1);
let notifiers: Notifier[] = [];
let raw: Raw;
/** Called with how many commits have come. */
let heard: (commits: number) => void = () => {};

/** The client library with nothing above it. */
interface Raw {
  send(message: Uint8Array): void;
  close(): Promise<void>;
}

beforeAll(async () => {
  if (server === null) return;
  const connect = () => createNatsNotifier({ url: server.url, nodeId: 'bench', logger: SILENT_LOGGER, prefix });
  notifiers = [await connect(), await connect()];
  await notifiers[1]!.subscribe('main', ({ commits }) => heard(commits.length));
  raw = await connectRaw(server.url);
});

afterAll(async () => {
  for (const notifier of notifiers) await notifier.close();
  await raw?.close();
  await server?.stop();
});

describe.skipIf(server === null)('one small commit', () => {
  bench('the client of NATS alone', () => until(1, () => raw.send(commit.encoded())), OPTIONS);
  bench('the notifier', () => until(1, () => notifiers[0]!.publish('main', [commit])), OPTIONS);
});

describe.skipIf(server === null)(`${BURST} small commits published in one turn`, () => {
  const each = (publish: () => void) => () => {
    for (let count = 0; count < BURST; count += 1) publish();
  };
  bench(
    'the client of NATS alone',
    () =>
      until(
        BURST,
        each(() => raw.send(commit.encoded())),
      ),
    OPTIONS,
  );
  bench(
    'the notifier',
    () =>
      until(
        BURST,
        each(() => notifiers[0]!.publish('main', [commit])),
      ),
    OPTIONS,
  );
});

/** Resolves once so many commits have come that were published by `publish`. */
function until(count: number, publish: () => void): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    heard = (commits) => {
      left -= commits;
      if (left <= 0) resolve();
    };
    publish();
  });
}

function commitAt(revision: number): Commit {
  const changes = [{ path: ['rooms', 'lobby', 'text'], value: 'v'.repeat(60) }];
  return new Commit({ revision, time: 1_700_000_000_000, author: 'alice', origin: 'node-1', changes });
}

async function connectRaw(url: string): Promise<Raw> {
  const [publisher, listener] = [await connect({ servers: url }), await connect({ servers: url })];
  listener.subscribe('raw', { callback: () => heard(1) });
  await listener.flush();
  return {
    send: (message) => publisher.publish('raw', message),
    close: async () => {
      await Promise.all([publisher.close(), listener.close()]);
    },
  };
}
