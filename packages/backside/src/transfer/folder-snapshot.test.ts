import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { startSingleServer } from '../server/single-server.js';
import { openSnapshot } from './snapshot.js';

// Trees are read through by processes that are started from their source.
vi.setConfig({ testTimeout: 120_000 });

let data: string;
let config: ServerConfig;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'backside-snapshot-'));
  const flags = ['--mode', 'development', '--data', data, '--port', '0', '--tcp-port', '0'];
  config = resolveSettings<ServerConfig>(SERVER_OPTIONS, [parseFlags(flags, SERVER_OPTIONS).settings]).values;
  const server = await startSingleServer(config, SILENT_LOGGER);
  await fetch(`http://127.0.0.1:${server.ports.http}/a.json`, { method: 'PUT', body: '1' });
  await server.stop();
});
afterEach(() => rm(data, { recursive: true }));

test('a snapshot of a folder says what is the matter with it', async () => {
  await expect(openSnapshot(config, 'other')).rejects.toThrow(`${data} holds no database named other`);
  await truncate(join(data, 'default/replica/data.mdb'), 8_192);
  await expect(openSnapshot(config, 'default')).rejects.toThrow(/is damaged: .*\nRun `backside doctor/);
  await rm(join(data, 'default/replica'), { recursive: true });
  await rm(join(data, 'default/journal'), { recursive: true });
  await expect(openSnapshot(config, 'default')).rejects.toThrow('default, which has the data, is empty or gone');
});

test('a snapshot of a folder whose journal is gone names the journal', async () => {
  await rm(join(data, 'default/journal'), { recursive: true });
  await expect(openSnapshot(config, 'default')).rejects.toThrow(
    'default: the tree on disk has revision 1, but there is no journal in',
  );
});
