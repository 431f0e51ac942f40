import { redactUrl } from '@backside/notifier/broker';
import { isSharedStore, notifierUrlOf, type SharedStore } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { reasonOf } from '../server/reason.js';
import { type Finding, fine, note, problem } from './finding.js';
import { BROKER_PROBES, STORE_PROBES, type StoreFacts } from './probes.js';

/** Appends that take longer than this make every write slow. */
const SLOW_APPEND_MS = 100;
/** Clocks that differ by more than this make times in the data and the ends of tokens wrong. */
const NOTABLE_SKEW_MS = 1_000;
const BAD_SKEW_MS = 60_000;
const WITHOUT_NEWS = "nodes ask the store for each other's writes four times a second";

/** Examines what nodes share: the server of the journal, and the one that tells them of commits. Changes nothing. */
export async function* examineNodes(config: ServerConfig): AsyncGenerator<Finding> {
  const { store } = config;
  if (isSharedStore(store)) yield* examineStore(config, store);
  yield* examineNotifier(config);
}

async function* examineStore(config: ServerConfig, store: SharedStore): AsyncGenerator<Finding> {
  const place = `${store} at ${redactUrl(config.storeUrl!)}`;
  let facts: StoreFacts;
  try {
    const probe = await STORE_PROBES[store]();
    facts = await probe({ url: config.storeUrl!, namespace: config.storeNamespace });
  } catch (error) {
    const reason = reasonOf(error, config.storeUrl!);
    yield problem(`store: ${store} cannot be used: ${reason}; no node can start, and those that run refuse writes`);
    return;
  }
  yield fine(`store: ${place}: ${facts.server}`);
  for (const what of facts.problems) yield problem(`store: ${what}`);
  if (facts.problems.length === 0) yield fine(`promise: an acknowledged write survives ${facts.survives}`);
  if (!Number.isNaN(facts.appendMs)) yield examineAppends(facts.appendMs);
  yield examineClock(facts.clockSkewMs);
  yield facts.missing.length === 0
    ? fine('store: all tables and indexes are there')
    : note(`store: start will make the tables and indexes that are missing: ${facts.missing.join(', ')}`);
}

function examineAppends(appendMs: number): Finding {
  const text = `store: an append takes ${milliseconds(appendMs)} (median)`;
  return appendMs <= SLOW_APPEND_MS ? fine(text) : note(`${text}: every write waits for that`);
}

function examineClock(skewMs: number | null): Finding {
  if (skewMs === null) return note('clock: the store does not tell its time; see that all nodes keep theirs by NTP');
  const text = `clock: the one of the store differs from ours by ${milliseconds(Math.abs(skewMs))}`;
  if (Math.abs(skewMs) <= NOTABLE_SKEW_MS) return fine(text);
  const what = `${text}: times in the data and the ends of tokens are off by that; keep the time by NTP`;
  return Math.abs(skewMs) <= BAD_SKEW_MS ? note(what) : problem(what);
}

async function* examineNotifier(config: ServerConfig): AsyncGenerator<Finding> {
  if (config.notifier === 'none') {
    if (isSharedStore(config.store)) yield note(`notifier: none; ${WITHOUT_NEWS}`);
    return;
  }
  const url = notifierUrlOf(config)!;
  const place = `${config.notifier} at ${redactUrl(url)}`;
  try {
    const probe = await BROKER_PROBES[config.notifier]();
    const { version, roundTripMs } = await probe(url, config.notifierPrefix);
    yield fine(`notifier: ${place}: ${version}`);
    yield fine(`notifier: a message is back after ${milliseconds(roundTripMs)} (median)`);
  } catch (error) {
    const reason = reasonOf(error, url);
    yield problem(`notifier: ${config.notifier} cannot be used: ${reason}; ${WITHOUT_NEWS}`);
  }
}

export function milliseconds(time: number): string {
  return `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
}
