import { randomUUID } from 'node:crypto';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import { afterAll, beforeAll, bench, describe } from 'vitest';
import type { BrokerOptions } from './broker-notifier.js';
import type { Notifier } from './notifier.js';

/** The client library with nothing above it: what is sent is heard on another connection. */
export interface BareClient {
  send(message: Uint8Array): void;
  close(): Promise<void>;
}

export interface DriverBenchParts {
  readonly server: { readonly url: string; stop(): Promise<void> };
  readonly create: (options: BrokerOptions) => Promise<Notifier>;
  /** Calls `heard` for every message. */
  readonly connectBare: (url: string, heard: () => void) => Promise<BareClient>;
}

const OPTIONS = { time: 1_500, warmupTime: 300 };
const BURST = 1_000;

/** From publishing until a handler has it, over one server: what a notifier costs beside `library` alone. */
export function driverBench(library: string, { server, create, connectBare }: DriverBenchParts): void {
  const commit = smallCommit();
  let notifiers: Notifier[] = [];
  let bare: BareClient;
  let heard: (commits: number) => void = () => {};

  beforeAll(async () => {
    const options = { url: server.url, nodeId: 'bench', logger: SILENT_LOGGER, prefix: randomUUID() };
    notifiers = [await create(options), await create(options)];
    await notifiers[1]!.subscribe('main', ({ commits }) => heard(commits.length));
    bare = await connectBare(server.url, () => heard(1));
  });

  afterAll(async () => {
    for (const notifier of notifiers) await notifier.close();
    await bare.close();
    await server.stop();
  });

  /** Resolves once so many commits have come. */
  const publishing = (count: number, publish: () => void) => (): Promise<void> =>
    new Promise((resolve) => {
      let left = count;
      heard = (commits) => {
        left -= commits;
        if (left <= 0) resolve();
      };
      for (let published = 0; published < count; published += 1) publish();
    });

  for (const count of [1, BURST]) {
    describe(`${count} small commits published in one turn`, () => {
      bench(
        `${library} alone`,
        publishing(count, () => bare.send(commit.encoded())),
        OPTIONS,
      );
      bench(
        'the notifier',
        publishing(count, () => notifiers[0]!.publish('main', [commit])),
        OPTIONS,
      );
    });
  }
}

function smallCommit(): Commit {
  const changes = [{ path: ['rooms', 'lobby', 'text'], value: 'v'.repeat(60) }];
  return new Commit({ revision: 1, time: 1_700_000_000_000, author: 'alice', origin: 'node-1', changes });
}
