import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { assertLegacySettings } from '../server/legacy-settings.js';
import { readConfigFile } from './config-file.js';
import { assertEdgePairing } from './edge-pairing.js';
import { assertKnownEnvironment } from './environment.js';
import { assertPairing } from './node-pairing.js';
import { SERVER_OPTIONS } from './server-options.js';
import { resolveSettings } from './setting.js';

const FOLDER = fileURLToPath(new URL('../../../../config', import.meta.url));
const FILES = readdirSync(FOLDER);

const PAIRINGS = FILES.flatMap((name) => {
  if (!name.endsWith('.json') || /\.(rules|settings)\.json$/.test(name)) return [];
  const { values } = resolveSettings(SERVER_OPTIONS, [readConfigFile(join(FOLDER, name), SERVER_OPTIONS)]);
  return [{ name, values }];
});

describe('the files in config/', () => {
  test.each(PAIRINGS)('$name goes together, and has no secret in it', ({ values }) => {
    assertPairing(values);
    assertEdgePairing({ ...values, backendjsKey: values.backendjs ? 'from the environment' : null });
    expect(`${values.storeUrl} ${values.notifierUrl} ${values.queueUrl} ${values.blobsUrl}`).not.toMatch(/:[^/@]+@/);
  });

  test('the settings of the legacy interface can be used', async () => {
    const backendjsSettings = join(FOLDER, 'backendjs.settings.json');
    await assertLegacySettings({ backendjs: true, backendjsSettings, backendjsKey: null });
  });

  test('there is one for every pairing that the README names', () => {
    const pairs = PAIRINGS.map(
      ({ values }) => `${values.store}+${values.notifier}+${values.workers > 1 ? 'workers' : 'one'}`,
    );
    expect(pairs).toEqual(
      expect.arrayContaining([
        'mongodb+amqp+one',
        'mongodb+redis+one',
        'mongodb+nats+one',
        'postgres+postgres+one',
        'postgres+redis+one',
        'embedded+none+workers',
      ]),
    );
  });

  test.each(['Dockerfile', 'compose.yaml', 'backside.service'])('%s names no variable that nobody reads', (name) => {
    const text = readFileSync(join(FOLDER, name), 'utf8');
    const variables = Object.fromEntries(
      [...text.matchAll(/\bBACKSIDE_[A-Z_]*[A-Z]/g)].map(([variable]) => [variable, '']),
    );
    assertKnownEnvironment(variables, [...Object.keys(SERVER_OPTIONS), 'config']);
  });
});
