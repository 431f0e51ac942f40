import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseServerUrl } from '../client/server-url.js';
import { connectStomp } from '../client/stomp-client.js';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { startSingleServer } from '../server/single-server.js';
import { examineServer } from './examine.js';

let data: string;
let config: ServerConfig;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'backside-doctor-'));
  const { settings } = parseFlags(
    ['--mode', 'development', '--data', data, '--port', '0', '--tcp-port', '0'],
    SERVER_OPTIONS,
  );
  config = resolveSettings<ServerConfig>(SERVER_OPTIONS, [settings]).values;
});
afterEach(() => rm(data, { recursive: true }));

/** Has a server write these values to `/n1`, `/n2` …, one commit each, and end in order. */
async function write(...values: unknown[]): Promise<void> {
  const server = await startSingleServer(config, SILENT_LOGGER);
  const url = parseServerUrl(`127.0.0.1:${server.ports.stomp}`);
  const client = await connectStomp({ url, database: null, token: null });
  for (const [index, value] of values.entries()) {
    await client.request('SEND', [['destination', `/n${index + 1}`]], JSON.stringify(value));
  }
  await client.close();
  await server.stop();
}

async function damage(after: string): Promise<void> {
  const journal = join(data, 'default/journal/0000000000000001.journal');
  const bytes = await readFile(journal);
  const at = bytes.indexOf(after) + 10;
  bytes[at] = bytes[at]! ^ 0xff;
  await writeFile(journal, bytes);
}

async function examine(repair: boolean): Promise<string[]> {
  const findings: string[] = [];
  for await (const { verdict, text } of examineServer(config, repair)) findings.push(`${verdict} ${text}`);
  return findings;
}

test('a repair that takes commits from the journal first saves the tree that has them', async () => {
  await write('first'.repeat(20), 'second'.repeat(20), 'third'.repeat(20));
  await damage('/n2');
  expect((await examine(false)).filter((finding) => finding.startsWith('problem'))).toHaveLength(1);
  const saved = join(data, 'default/tree-at-revision-3.json');
  expect((await examine(true)).filter((finding) => finding.includes(saved))).toHaveLength(1);
  expect(JSON.parse(await readFile(saved, 'utf8'))).toEqual({
    n1: 'first'.repeat(20),
    n2: 'second'.repeat(20),
    n3: 'third'.repeat(20),
  });
  expect((await examine(false)).join('\n')).toMatch(/the journal holds revisions 1 to 1 in/);
});

test('a repair without loss saves nothing', async () => {
  await write('first', 'second');
  expect((await examine(true)).join('\n')).not.toContain('tree-at-revision');
});
