import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';

const GATEWAY = `
import { appendFile } from 'node:fs/promises';
export async function send({ signal, ...message }) {
  if (message.token === 'broken') throw new Error('the gateway is away');
  await appendFile('LINES', JSON.stringify(message) + '\\n');
}
`;

let folder: string;
let server: LegacyFixture;
let admin: TestAccount;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'legacy-push-'));
  await writeFile(join(folder, 'push.mjs'), GATEWAY.replace('LINES', join(folder, 'lines')));
  await writeFile(join(folder, 'other.mjs'), 'export const other = 1;');
  server = await startLegacy({ settings: { 'push-module': join(folder, 'push.mjs') } });
  admin = await server.account('root', { types: ['admin'] });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const send = (params: Readonly<Record<string, string>>, as = admin) =>
  server.client.get('/system/msg/send', params, { as });

test('a message goes to each of the devices by the module of the settings', async () => {
  const { status, json } = await send({ device_id: 'gcm://abc@shop,plain', msg: 'Hello', badge: '2' });
  expect([status, json]).toEqual([200, { status: 200, message: '' }]);
  const lines = (await readFile(join(folder, 'lines'), 'utf8')).trim().split('\n');
  const values = { msg: 'Hello', badge: '2' };
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { service: 'gcm', token: 'abc', app: 'shop', values },
    { service: '', token: 'plain', app: '', values },
  ]);
});

test('what is wrong with it is told', async () => {
  expect((await send({ msg: 'Hello' })).json).toMatchObject({ status: 400, message: 'device_id is required' });
  expect((await send({ device_id: 'broken' })).status).toBe(500);
  expect(server.log.lines.join()).toContain('the gateway is away');
  expect((await send({ device_id: 'a' }, await server.account('bob'))).status).toBe(401);
  server.backendjs.reconfigure(parseBackendjsSettings({ 'push-module': join(folder, 'other.mjs') }));
  expect((await send({ device_id: 'a' })).status).toBe(500);
  expect(server.log.lines.join()).toContain('exports no function');
});
