import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { HeldSignals } from '../server/held-signals.js';
import { typesCommand } from './types.js';

let folder: string;
let rules: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-types-'));
  rules = join(folder, 'app.rules.json');
  await writeFile(rules, '{"rules": {"on": {".validate": "newData.isBoolean()"}}}');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...argv: readonly string[]): Promise<{ code: number; output: string }> {
  const stdout = new PassThrough();
  const signals = new HeldSignals(process);
  const io = { environment: {}, stdin: new PassThrough(), stdout, stderr: new PassThrough(), signals };
  const code = await typesCommand.execute(argv, io);
  stdout.end();
  return { code, output: await text(stdout) };
}

const EXPECTED = `// Made by \`backside types\` of app.rules.json. To be made anew when the rules change.
export interface Schema {
  on?: boolean;
}
`;

test('prints the schema', async () => expect(await run(rules)).toEqual({ code: 0, output: EXPECTED }));

test('writes it to a file, under another name', async () => {
  const out = join(folder, 'schema.ts');
  expect(await run(rules, '--out', out, '--name', 'Tree')).toEqual({ code: 0, output: '' });
  expect(await readFile(out, 'utf8')).toBe(EXPECTED.replace('Schema', 'Tree'));
});

test('refuses a name that no type can have', () =>
  expect(run(rules, '--name', 'my tree')).rejects.toBeInstanceOf(ConfigError));

test('tells what is wrong with the rules', async () => {
  const broken = join(folder, 'broken.json');
  await writeFile(broken, '{"rules": {".read": "nobody"}}');
  await expect(run(broken)).rejects.toThrow(/broken\.json:1:/);
});
