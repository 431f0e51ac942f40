/**
 * Prints size and speed of this project's STOMP beside @stomp/stompjs, both minified as an application would ship them. Time is processor
 * time in one thread, the median of some rounds that alternate between the two.
 */
import { bundle } from './bundle.js';
import { inKilobytes } from './kilobytes.js';

interface Contender {
  readonly name: string;
  readonly frames: string;
  readonly connection: string;
  /** Body of a module that exports `read(text)`, which counts the characters of bodies, and `write()`. */
  readonly work: string;
}

const BODY = '{"name":"bob","text":"a message of about one hundred octets, as chats and sensors send them"}';
const HEADERS = { destination: '/users/bob/messages/-Nabc123', receipt: 'r-12345', 'idempotency-key': '-Nabc' };

const CONTENDERS: readonly Contender[] = [
  {
    name: '@stomp/stompjs',
    frames: `export { FrameImpl, Parser } from '@stomp/stompjs';`,
    connection: `export { Client } from '@stomp/stompjs';`,
    work: `
      import { FrameImpl, Parser } from '@stomp/stompjs';
      let read_ = 0;
      const parser = new Parser((raw) => { read_ += FrameImpl.fromRawFrame(raw, true).body.length; }, () => {});
      export const read = (text) => { read_ = 0; parser.parseChunk(text); return read_; };
      const headers = ${JSON.stringify(HEADERS)};
      export const write = () => FrameImpl.marshall(
        { command: 'SEND', headers: { ...headers }, body: '${BODY}', escapeHeaderValues: true, skipContentLengthHeader: true });`,
  },
  {
    name: '@backside/stomp',
    frames: `export { formatTextFrame, TextFrameReader } from '@backside/stomp';`,
    connection: `export { createConnection } from './src/index.js';`,
    work: `
      import { formatTextFrame, TextFrameReader } from '@backside/stomp';
      let read_ = 0;
      const reader = new TextFrameReader((frame) => { read_ += frame.body.length; });
      export const read = (text) => { read_ = 0; reader.push(text); return read_; };
      const headers = ${JSON.stringify(Object.entries(HEADERS))};
      export const write = () => formatTextFrame({ command: 'SEND', headers, body: '${BODY}' });`,
  },
];

interface Work {
  read(text: string): number;
  write(): string;
}

const LINES = [
  'MESSAGE',
  'subscription:1x2y3z',
  'message-id:123456',
  'destination:/users/bob/messages/-Nabc123',
  'event:put',
  'revision:123456',
  `content-length:${BODY.length}`,
];
const MESSAGE = `${LINES.join('\n')}\n\n${BODY}\0\n`;
const ROUNDS = 7;
const CALLS = 100_000;

/** Nanoseconds of one call. */
function timed(call: () => void): number {
  const start = process.cpuUsage();
  for (let n = 0; n < CALLS; n++) call();
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1_000) / CALLS;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function loaded({ work }: Contender): Promise<Work> {
  const { code } = await bundle(work);
  const module = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Work;
  if (module.read(MESSAGE) !== BODY.length || !module.write().includes(BODY)) throw new Error('does not do its work');
  return module;
}

const works = await Promise.all(CONTENDERS.map(loaded));
const times = works.map(() => ({ read: [] as number[], write: [] as number[] }));
for (let round = 0; round < ROUNDS; round++) {
  for (const [index, work] of works.entries()) {
    times[index]!.read.push(timed(() => work.read(MESSAGE)));
    times[index]!.write.push(timed(() => work.write()));
  }
}

const print = (columns: readonly string[]): void => {
  const [name = '', ...others] = columns;
  process.stdout.write(`${[name.padEnd(16), ...others.map((column) => column.padStart(14))].join(' ')}\n`);
};
print(['', 'frames, gz', 'connection, gz', 'reading', 'writing']);
for (const [index, { name, frames, connection }] of CONTENDERS.entries()) {
  const sizes = [await bundle(frames), await bundle(connection)].map(({ gzippedBytes }) => inKilobytes(gzippedBytes));
  const { read, write } = times[index]!;
  print([name, ...sizes, ...[read, write].map((all) => `${median(all).toFixed(0)} ns`)]);
}
