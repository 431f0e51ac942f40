import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startService } from '../../../../test/services/index.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { examineServices } from './examine-services.js';

const redis = await startService('redis');
afterAll(() => redis?.stop());

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-doctor-'));
});
afterAll(() => rm(folder, { recursive: true }));

const DEFAULTS = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;

async function examine(changes: Partial<ServerConfig>): Promise<string[]> {
  const findings: string[] = [];
  for await (const { verdict, text } of examineServices({ ...DEFAULTS, data: folder, ...changes }))
    findings.push(`${verdict} ${text}`);
  return findings;
}

test('what needs no server is fine, and folders that are named are looked at', async () => {
  const findings = await examine({ jobs: folder, functions: join(folder, 'nothing'), crontab: [join(folder, 'tab')] });
  expect(findings).toEqual([
    'fine blobs: files in the data folder',
    'fine queue: in the store itself',
    `fine jobs: ${folder} can be read`,
    expect.stringMatching(/^problem functions: ENOENT/),
    expect.stringMatching(/^problem crontab: ENOENT/),
  ]);
});

test('settings of the legacy interface that cannot be used are a problem, with their file', async () => {
  const file = join(folder, 'settings.json');
  await writeFile(file, '{"api-upload-limit": "plenty"}');
  const [, , found] = await examine({ backendjs: true, backendjsSettings: file });
  expect(found).toMatch(/^problem backendjsSettings: .*settings.json: api-upload-limit/);
});

test('servers that do not answer are problems, without the secrets of their URLs', async () => {
  const gone = 'redis://user:hidden@127.0.0.1:1';
  const findings = await examine({ queue: 'redis', queueUrl: gone, backendjs: true, cache: 'redis', cacheUrl: gone });
  const problems = findings.filter((finding) => finding.startsWith('problem'));
  expect(problems).toEqual([expect.stringContaining('queue: redis at'), expect.stringContaining('cache: redis at')]);
  expect(findings.join('\n')).not.toContain('hidden');
});

describe.skipIf(redis === null)('redis', () => {
  test('is asked for queue and cache', async () => {
    const url = redis!.url;
    const findings = await examine({ queue: 'redis', queueUrl: url, backendjs: true, cache: 'redis', cacheUrl: url });
    expect(findings.filter((finding) => finding.startsWith('problem'))).toEqual([]);
    expect(findings.join('\n')).toMatch(/queue: redis at .*: answers[\s\S]*cache: redis at .*: answers/);
  });
});
