import { randomUUID } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { type BrokerLink, DEFAULT_TIMING, type OpenLink } from './broker-link.js';
import type { BrokerTls } from './broker-notifier.js';
import { redactUrl, withoutSecrets } from './redaction.js';
import { serversOf } from './servers.js';
import { assertPrefix } from './topics.js';
import { within } from './within.js';

/** What a broker is like, seen from here. */
export interface BrokerFacts {
  /** As the server gives it. */
  readonly version: string;
  /** From sending a small message until it is back here: the median of a few, in milliseconds. */
  readonly roundTripMs: number;
}

/** What a probe may need beside the URL. */
export interface ProbeOptions {
  /** That of the notifiers, whose rights the probe needs. Default `backside`. */
  readonly prefix?: string;
  readonly tls?: BrokerTls;
}

const ROUNDS = 9;

/** Opens a link, sends itself some messages and closes it. Rejects with `unavailable` if that fails or takes more than some seconds. */
export async function probeBroker(url: string, prefix: string, open: OpenLink): Promise<BrokerFacts> {
  assertPrefix(prefix);
  const abort = new AbortController();
  try {
    return await within(
      DEFAULT_TIMING.patienceMs,
      measure(serversOf(url)[0]!, `${prefix}.probe-${randomUUID()}`, { open, signal: abort.signal }),
    );
  } catch (error) {
    const cause = withoutSecrets(error, url);
    throw new BacksideError('unavailable', `the broker at ${redactUrl(url)} fails: ${cause.message}`, { cause });
  } finally {
    abort.abort();
  }
}

interface Opening {
  readonly open: OpenLink;
  readonly signal: AbortSignal;
}

async function measure(server: string, topic: string, { open, signal }: Opening): Promise<BrokerFacts> {
  const ends = new Set<{ resolve: () => void; reject: (error: Error) => void }>();
  const settle = (act: (end: { resolve: () => void; reject: (error: Error) => void }) => void): void => {
    for (const end of ends) act(end);
    ends.clear();
  };
  const events = {
    message: () => settle(({ resolve }) => resolve()),
    missed: () => undefined,
    blocked: () => undefined,
    lost: (error: Error) => settle(({ reject }) => reject(error)),
  };
  const link = await open({ server, events, signal, withinMs: DEFAULT_TIMING.openWithinMs });
  try {
    await link.subscribe(topic);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      times.push(await roundTrip(link, topic, new Promise((resolve, reject) => ends.add({ resolve, reject }))));
    }
    return { version: link.serverVersion, roundTripMs: times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]! };
  } finally {
    await link.close();
  }
}

async function roundTrip(link: BrokerLink, topic: string, back: Promise<void>): Promise<number> {
  const start = performance.now();
  await Promise.all([link.send(topic, Buffer.from('?')), back]);
  return performance.now() - start;
}
