import { randomUUID } from 'node:crypto';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, it } from 'vitest';
import type { LinkTiming } from './broker-link.js';
import type { BrokerOptions } from './broker-notifier.js';
import { notifierConformance } from './conformance.js';
import type { Notifier } from './notifier.js';
import { notifierOutageConformance, type OutageParts } from './outage-conformance.js';
import type { BrokerFacts } from './probe-broker.js';

export interface DriverParts {
  /** A server that only this suite uses, running. */
  readonly server: OutageParts['server'] & { readonly url: string };
  readonly startLine: OutageParts['startLine'];
  readonly create: (options: BrokerOptions) => Promise<Notifier>;
  readonly probe: (url: string) => Promise<BrokerFacts>;
  /** Whether commits of a megabyte are carried and not only told of. Default true. */
  readonly largeCommits?: boolean;
}

/** Faults are noticed, and links made again, within a second or two. */
const QUICK: LinkTiming = {
  checkEveryMs: 250,
  answerWithinMs: 1_000,
  retryFirstMs: 50,
  retryLastMs: 500,
  openWithinMs: 3_000,
  patienceMs: 3_000,
  closeWithinMs: 1_000,
};
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** What every driver of `createBrokerNotifier` does on a server of its own: both suites, and its probe. */
export function driverConformance(name: string, parts: DriverParts): void {
  const { server, startLine, create, probe, largeCommits = true } = parts;
  const common = { nodeId: 'a node', logger: SILENT_LOGGER };
  notifierConformance(
    name,
    async () => {
      const prefix = randomUUID();
      return { connect: () => create({ ...common, url: server.url, prefix }), dispose: async () => undefined };
    },
    { largeCommits },
  );

  notifierOutageConformance(name, {
    server,
    startLine,
    maxQueuedBytes: MAX_QUEUED_BYTES,
    connect: (port, prefix) => {
      const url = server.url.replace(/:\d+$/, `:${port}`);
      return create({ ...common, url, prefix, maxQueuedBytes: MAX_QUEUED_BYTES, timing: QUICK });
    },
  });

  it(`${name}: can be asked for its version and its round trip`, async () => {
    const { version, roundTripMs } = await probe(server.url);
    expect(version).toMatch(/\d+\.\d+/);
    expect(roundTripMs).toBeGreaterThan(0);
  });
}
