import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServer } from '../harness/server.js';
import { type Outcome, runBackside } from './run-backside.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-transfer-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
  return path;
}

async function run(...args: string[]): Promise<Outcome> {
  const outcome = await runBackside(args);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  return outcome;
}

const people = Object.fromEntries(
  Array.from({ length: 500 }, (_, n) => [`p${n}`, { name: `name ${n}`, tags: { a: true, b: n }, '.priority': n }]),
);

test('what was imported into a folder comes out again, the same, and the file appears complete only', async () => {
  const data = join(folder, 'offline');
  const source = await file('people.json', people);
  await run('import', source, '/people', '--data', data, '--batch-size', '4KiB');
  const output = join(folder, 'people.out.json');
  await run('export', '/people', '--data', data, '--output', output);
  expect(JSON.parse(await readFile(output, 'utf8'))).toEqual(people);
  expect(await readdir(folder)).not.toContain('people.out.json.part');
  const { stdout } = await run('export', '/people/p7', '--data', data, '--format', 'val');
  expect(JSON.parse(stdout)).toEqual({ name: 'name 7', tags: { a: true, b: 7 } });
});

test('an import replaces what is there, and with --merge keeps what the file does not name', async () => {
  const data = join(folder, 'merge');
  await run('import', await file('one.json', { a: { x: 1, y: 1 }, b: 1 }), '--data', data);
  await run('import', await file('two.json', { a: { y: 2, z: 2 } }), '--data', data, '--merge');
  expect(JSON.parse((await run('export', '--data', data)).stdout)).toEqual({ a: { x: 1, y: 2, z: 2 }, b: 1 });
  await run('import', await file('three.json', { a: { y: 3 } }), '/', '--data', data);
  expect(JSON.parse((await run('export', '--data', data)).stdout)).toEqual({ a: { y: 3 } });
});

test('a bad file is refused with its place, and how far the import came', async () => {
  const data = join(folder, 'bad');
  await run('import', await file('good.json', { kept: true }), '--data', data);
  const short = await runBackside(['import', await file('short.json', '{"a": 1,\n"b" 2}'), '--data', data]);
  expect(short).toMatchObject({ code: 1, stdout: '' });
  expect(short.stderr).toContain('line 2, column 5 (byte 13): ":" expected');
  expect(short.stderr).toContain('Nothing was written; / is as it was.');
  expect(JSON.parse((await run('export', '--data', data)).stdout)).toEqual({ kept: true });

  const text = JSON.stringify({ people, filler: Array.from({ length: 300 }, () => 'x'.repeat(1_000)) });
  const long = `${text.slice(0, -1)}, "last": oops}`;
  const half = await runBackside([
    'import',
    await file('long.json', long),
    '/half',
    '--data',
    data,
    '--batch-size',
    '4KiB',
  ]);
  expect(half.code).toBe(1);
  expect(half.stderr).toMatch(
    /The first \d+ bytes of the file were written to \/half in \d+ commits up to revision \d+/,
  );
});

test('an export does not need the tree on disk as long as the journal holds everything', async () => {
  const data = join(folder, 'journal-only');
  await run('import', await file('pieces.json', { a: { b: 1 }, c: 'd' }), '--data', data);
  await rm(join(data, 'default/replica'), { recursive: true });
  expect(JSON.parse((await run('export', '--data', data)).stdout)).toEqual({ a: { b: 1 }, c: 'd' });
  const missing = await runBackside(['export', '--data', data, '--database', 'other']);
  expect(missing).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('no database named other') });
});

describe('with a running server', () => {
  test('import through it, export past it and through it; its folder is not written to by others', async () => {
    const server = await startServer();
    const url = `127.0.0.1:${server.tcpPort}`;
    try {
      const source = await file('through.json', people);
      await run('import', source, '/people', '--url', url, '--batch-size', '4KiB');
      const past = await run('export', '/people', '--data', server.dataDir);
      expect(JSON.parse(past.stdout)).toEqual(people);
      const through = await run('export', '/people', '--url', server.url);
      expect(JSON.parse(through.stdout)).toEqual(people);

      let writing = true;
      const writes = (async () => {
        for (let n = 0; writing; n += 1)
          await runBackside(['set', '/pair', JSON.stringify({ a: n, b: n }), '--url', url]);
      })();
      for (let n = 0; n < 5; n += 1) {
        const { pair } = JSON.parse((await run('export', '--data', server.dataDir)).stdout);
        expect(pair?.a).toBe(pair?.b);
      }
      writing = false;
      await writes;

      const offline = await runBackside(['import', source, '--data', server.dataDir]);
      expect(offline.code).toBe(1);
      expect(offline.stderr).toMatch(/in use by process \d+; to import through the server that runs there, use --url/);
    } finally {
      await server.stop();
    }
  });
});

test('a file far larger than the memory that the import may have goes through', { timeout: 180_000 }, async () => {
  const items = 120_000;
  const big = join(folder, 'big.json');
  const filler = 'x'.repeat(700);
  function* lines(): Generator<string> {
    yield '{';
    for (let n = 0; n < items; n += 1) yield `${n === 0 ? '' : ','}"k${n}":{"n":${n},"text":"${filler}"}\n`;
    yield '}';
  }
  await pipeline(Readable.from(lines()), createWriteStream(big));
  const data = join(folder, 'big');
  const env = { NODE_OPTIONS: '--max-old-space-size=64' };
  const imported = await runBackside(['import', big, '--data', data, '--batch-size', '256KiB'], {
    env,
    timeoutMs: 150_000,
  });
  expect(imported).toMatchObject({ code: 0, stderr: '' });
  const last = await run('export', `/k${items - 1}/n`, '--data', data);
  expect(last.stdout).toBe(`${items - 1}\n`);
});
