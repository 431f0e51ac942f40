import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { becomeOperator, type DeviceCredentials } from '../../examples/lib/operator.js';
import { describeInChromium, launchChromium } from '../harness/chromium.js';
import { type RunningExample, runExample, type Visitor, visit } from '../harness/pages.js';

const FOLDER = fileURLToPath(new URL('../../examples/sensor', import.meta.url));

/** A `test` that needs what this command looks for; where it fails, it is skipped with one line that says so. An error then with REQUIRE_SERVICES=1. */
function testWith([command, ...args]: readonly [string, ...string[]], name: string, body: () => Promise<void>): void {
  const found = spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  const reason = `\`${command} ${args.join(' ')}\` fails: ${name}`;
  if (!found && process.env.REQUIRE_SERVICES === '1') throw new Error(reason);
  if (!found) process.stderr.write(`skipped, for ${reason}\n`);
  test.skipIf(!found)(name, body);
}

describeInChromium('sensor', () => {
  let example: RunningExample;
  let browser: Browser;
  let visitor: Visitor;
  const devices: ChildProcess[] = [];

  beforeAll(async () => {
    example = await runExample('sensor');
    browser = await launchChromium();
    visitor = await visit(browser, example.pageUrl);
  });
  afterAll(async () => {
    for (const device of devices) device.kill('SIGKILL');
    await browser?.close();
    await example?.close();
  });

  const makeDevice = async (claims: Record<string, string>): Promise<DeviceCredentials> =>
    (await becomeOperator(example.http, example.dataDir)).makeDevice('test', claims);
  const startDevice = (command: readonly string[], { key, secret }: DeviceCredentials): ChildProcess => {
    const [program, ...args] = command;
    const env = {
      STOMP_HOST: '127.0.0.1',
      STOMP_PORT: String(example.tcpPort),
      DEVICE_KEY: key,
      DEVICE_SECRET: secret,
    };
    const device = spawn(program!, args, { cwd: FOLDER, env: { ...process.env, ...env } });
    devices.push(device);
    return device;
  };
  const panel = (key: string): Locator => visitor.page.locator(`.sensor[data-device="${key}"]`);
  const countOf = async (key: string): Promise<number> =>
    Number.parseInt((await panel(key).locator('footer').textContent())!.match(/(\d+) readings/)![1]!, 10);

  testWith(['python3', '-c', 'import stomp'], 'what a Python device measures is charted live', async () => {
    const credentials = await makeDevice({ role: 'sensor' });
    const device = startDevice(['python3', 'device.py', '0.02', '40'], credentials);
    const ended = once(device, 'exit');
    await panel(credentials.key).locator('h2', { hasText: 'Thermometer' }).waitFor();
    expect(await ended).toEqual([0, null]);
    await expect.poll(() => countOf(credentials.key)).toBe(40);
    const drawn = await panel(credentials.key).locator('.chart path').last().getAttribute('d');
    expect(drawn!.split('L')).toHaveLength(40);
    expect(await panel(credentials.key).locator('.reading').textContent()).toMatch(/^[\d.]+ °C$/);
  });

  testWith(['python3', '-c', 'import stomp'], 'device and page go on after the server was killed', async () => {
    const credentials = await makeDevice({ role: 'sensor' });
    const device = startDevice(['python3', 'device.py', '0.05'], credentials);
    await panel(credentials.key).waitFor();
    await expect.poll(() => countOf(credentials.key)).toBeGreaterThan(2);
    const loaded = await visitor.loadedAt();
    await example.killServer();
    await visitor.page.locator('#status:not([data-status="online"])').waitFor();
    const before = await countOf(credentials.key);
    await example.startServer();
    await expect.poll(() => countOf(credentials.key), { timeout: 30_000 }).toBeGreaterThan(before + 3);
    expect(await visitor.loadedAt()).toBe(loaded);
    device.kill('SIGKILL');
  });

  testWith(['python3', '-c', 'import stomp'], 'a device without the role is told that it may not', async () => {
    const device = startDevice(['python3', 'device.py', '0.05', '1'], await makeDevice({ role: 'guest' }));
    const [text] = (await once(device.stderr!, 'data')) as [Buffer];
    expect(text.toString()).toMatch(/^refused: .*\(trace \S+\)/);
    device.kill('SIGKILL');
  });

  testWith(['sh', '-c', 'command -v nc'], 'a shell with netcat is a device too', async () => {
    const credentials = await makeDevice({ role: 'sensor' });
    const device = startDevice(['./device.sh', '0.1', '5'], credentials);
    await panel(credentials.key).locator('h2', { hasText: 'Shell' }).waitFor();
    await expect.poll(() => countOf(credentials.key), { timeout: 20_000 }).toBe(5);
    device.kill('SIGKILL');
  });
});
