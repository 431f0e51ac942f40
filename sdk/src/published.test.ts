import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const FOLDER = new URL('../', import.meta.url);

/** The files that a manifest names, in the form `package/FILE`. */
function namedFiles(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value.replace('.', 'package')] : [];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namedFiles) : [];
}

it('what is published has every file that its manifest names', async () => {
  const target = await mkdtemp(join(tmpdir(), 'backside-sdk-'));
  try {
    await run('npm', ['pack', '--silent', '--pack-destination', target], { cwd: FOLDER });
    const [archive] = await readdir(target);
    const { stdout } = await run('tar', ['-tzf', join(target, archive!)]);
    const named = namedFiles(JSON.parse(await readFile(new URL('package.json', FOLDER), 'utf8')));
    expect(named).toContain('package/dist/backside.min.js');
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(named));
  } finally {
    await rm(target, { recursive: true });
  }
});
