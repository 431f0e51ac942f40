import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BACKSIDE, ensureBuilt } from '../harness/server.js';

/** Nobody listens there. */
const NOWHERE = 'postgres://127.0.0.1:1/none';
const TIMEOUT_MS = 60_000;

let folder: string;
beforeAll(async () => {
  await ensureBuilt();
  folder = await mkdtemp(join(tmpdir(), 'backside-signals-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

class Start {
  readonly child: ChildProcess;
  readonly #ended: Promise<unknown>;
  output = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [BACKSIDE, 'start', '--dev', '--port', '0', '--tcp-port', '0', ...args]);
    this.#ended = once(this.child, 'exit');
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.output += chunk.toString();
      });
    }
  }

  async said(text: string | RegExp): Promise<void> {
    await expect.poll(() => this.output, { timeout: TIMEOUT_MS }).toMatch(text);
  }

  /** Waits until the process is past what Node itself does first, as Linux tells. */
  async hears(signal: 'SIGHUP'): Promise<void> {
    const bit = 1n << BigInt(constants.signals[signal] - 1);
    const caught = async (): Promise<bigint> => {
      const status = await readFile(`/proc/${this.child.pid}/status`, 'utf8');
      return BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(status)![1]}`) & bit;
    };
    await expect.poll(caught, { timeout: TIMEOUT_MS, interval: 10 }).toBe(bit);
  }

  async end(signal: NodeJS.Signals): Promise<[number | null, string | null]> {
    this.child.kill(signal);
    return (await this.#ended) as [number | null, string | null];
  }
}

test.each(['1', '2'])(
  'a start that waits for its store, with %s workers, goes on at SIGHUP and SIGUSR2 and ends with 0 at SIGTERM',
  async (workers) => {
    const store = ['--store', 'postgres', '--store-url', NOWHERE, '--workers', workers];
    const start = new Start(...store, '--data', join(folder, `waits-${workers}`));
    await start.said('cannot be reached; trying again');
    start.child.kill('SIGHUP');
    start.child.kill('SIGUSR2');
    const tries = start.output.split('trying again').length;
    await expect.poll(() => start.output.split('trying again').length, { timeout: TIMEOUT_MS }).toBeGreaterThan(tries);
    expect(await start.end('SIGTERM')).toEqual([0, null]);
    expect(start.output).toContain('the start was ended by SIGTERM');
  },
  TIMEOUT_MS,
);

test.skipIf(process.platform !== 'linux')(
  'a start of which nothing is open yet serves after SIGHUP, and reads the settings then',
  async () => {
    const start = new Start('--data', join(folder, 'serves'));
    await start.hears('SIGHUP');
    start.child.kill('SIGHUP');
    start.child.kill('SIGUSR2');
    await start.said('backside ready');
    await start.said(/the signal is refused .*SIGUSR2|SIGUSR2.*the signal is refused/);
    expect(await start.end('SIGTERM')).toEqual([0, null]);
  },
  TIMEOUT_MS,
);

test.skipIf(process.platform !== 'linux')(
  'a start of which nothing is open yet ends with 0 at SIGTERM',
  async () => {
    const start = new Start('--data', join(folder, 'ends'));
    await start.hears('SIGHUP');
    expect(await start.end('SIGTERM')).toEqual([0, null]);
    await expect(access(join(folder, 'ends'))).rejects.toThrow('ENOENT');
  },
  TIMEOUT_MS,
);
