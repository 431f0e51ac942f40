import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFixture, put, type TestClient, turns } from './session-fixture.js';

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
/** Sessions that run side by side before the witness is asked. */
const PER_BATCH = 500;

const COMMANDS = [
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
  'MESSAGE',
  'send',
  '',
];
const NAMES = [
  'destination',
  'id',
  'receipt',
  'transaction',
  'ack',
  'message-id',
  'subscription',
  'content-length',
  'accept-version',
  'heart-beat',
  'host',
  'login',
  'passcode',
  'token',
  'query',
  'resume',
  'once',
  'format',
  'prefetch-count',
  'method',
  'if-match',
  'priority',
  'ack-level',
  'idempotency-key',
  'on-disconnect',
  'selector',
  'content-type',
  '__proto__',
  'x',
];
const VALUES = [
  '',
  '/',
  '/a',
  '/a/b',
  '/fuzz/1',
  '/.errors',
  '/.auth',
  '/.info/user',
  '/.priority',
  '//',
  '/a.b',
  '1',
  '0',
  '-1',
  '1e9',
  '99999999999',
  'true',
  'client',
  'client-individual',
  'auto',
  'set',
  'update',
  'push',
  'remove',
  'cancel',
  'applied',
  'durable',
  'replicated',
  'val',
  'export',
  '1.0',
  '1.1',
  '1.2',
  '1.0,1.1,1.2',
  's',
  't',
  '1-s_s',
  '{"orderBy":"$key","limitToFirst":2}',
  '{"orderBy":7}',
  'x:1',
  '\\n',
  '\\r',
  '\\t',
  '\\',
  'ann',
  'secret',
  '__proto__',
  '1,1',
  '\u00e9',
];
const BODIES = [
  '',
  '1',
  'null',
  '{"a":1}',
  '{"a":{"b":[1,2]},"c/d":2}',
  '{"__proto__":{".value":1,".priority":2}}',
  '{".sv":"timestamp"}',
  '{',
  '\ud800',
  '"x"',
  '"token-ann"',
];

const frame = fc
  .record({
    command: fc.constantFrom(...COMMANDS),
    headers: fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), { maxLength: 6 }),
    body: fc.constantFrom(...BODIES),
    end: fc.constantFrom('\0', '\0\n', '\r\n\0', ''),
  })
  .map(
    ({ command, headers, body, end }) =>
      `${command}\n${headers.map(([name, value]) => `${name}:${value}\n`).join('')}\n${body}${end}`,
  );

const greeting = fc.constantFrom(
  ...['1.0', '1.1', '1.2'].map((version) => `CONNECT\naccept-version:${version}\nhost:h\n\n\0`),
  '',
);
const errorsListener = fc.constantFrom('SUBSCRIBE\nid:e\ndestination:/.errors\n\n\0', '');

/** What a client sends: mostly well-formed frames with any headers, then a few octets changed, inserted or cut, in any pieces. */
const session = fc.record({
  text: fc
    .tuple(greeting, errorsListener, fc.array(frame, { maxLength: 8 }))
    .map(([hello, errors, frames]) => hello + errors + frames.join('')),
  mutations: fc.array(
    fc.record({ at: fc.nat(2_000), octet: fc.nat(255), kind: fc.constantFrom('set', 'insert', 'cut') }),
    { maxLength: 3 },
  ),
  pieces: fc.integer({ min: 1, max: 4 }),
  ending: fc.constantFrom('vanish', 'end', 'stay'),
});

type Mutation = { at: number; octet: number; kind: string };

function mutate(input: Buffer, mutations: readonly Mutation[]): Buffer {
  let octets = input;
  for (const { at, octet, kind } of mutations) {
    const place = octets.length === 0 ? 0 : at % octets.length;
    const behind = octets.subarray(kind === 'insert' ? place : place + 1);
    octets = Buffer.concat([octets.subarray(0, place), Buffer.from(kind === 'cut' ? [] : [octet]), behind]);
  }
  return octets;
}

/** Reads until this change comes. Fails if it does not. */
async function saw(witness: TestClient, path: string, body: string): Promise<void> {
  for (;;) {
    const message = await witness.next();
    if (message.headers.destination === path && message.body === body) return;
  }
}

test('no input harms the process or another session', { timeout: 300_000 }, async () => {
  const errors: unknown[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (fields: unknown) => errors.push(fields) };
  const { proxy, database, connection, client } = await openFixture({ logger });
  const witness = await client();
  witness.send('SUBSCRIBE', { id: 'w', destination: '/witness' });
  await witness.rest();
  let run = 0;
  for (const { text, mutations, pieces, ending } of fc.sample(session, RUNS)) {
    const { transport } = connection(run % 2 === 0 ? 'plain' : 'original');
    const octets = mutate(Buffer.from(text), mutations);
    const size = Math.ceil(octets.length / pieces) || 1;
    for (let at = 0; at < octets.length; at += size) transport.clientSends(octets.subarray(at, at + size));
    if (ending === 'end') transport.clientEnds();
    if (ending === 'vanish') transport.clientVanishes();
    run += 1;
    if (run % PER_BATCH !== 0) continue;
    const before = database.revision;
    await turns();
    await put(database, '/witness/run', run);
    await saw(witness, '/witness/run', String(run));
    expect(database.revision).toBeGreaterThan(before);
  }
  expect(errors).toEqual([]);
  await proxy.drain();
  expect(proxy.connections).toBe(0);
  expect(proxy.counters.subscriptions).toBe(0);
  expect(database.stats().subscriptions).toBe(0);
});
