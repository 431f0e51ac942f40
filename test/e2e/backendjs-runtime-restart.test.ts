import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { makeRuntimeFiles, type RuntimeFiles } from './backendjs-runtime.js';

/** The server may have to be built. */
const START_TIMEOUT_MS = 180_000;
/** Between an answer and the next question, in milliseconds. */
const PAUSE_MS = 5;

/** Of each interface one. */
const PATHS = ['/auth/ways', '/counters/n.json', '/ping'];

/** Several clients that ask all the while, each its next question when the last is answered. */
class Askers {
  readonly failures: string[] = [];
  answered = 0;
  readonly #agent: Agent;
  readonly #running: Promise<void>[] = [];
  #ended = false;

  constructor(port: number, { keepAlive, clients }: { keepAlive: boolean; clients: number }) {
    this.#agent = new Agent({ keepAlive, maxSockets: clients });
    for (let client = 0; client < clients; client += 1) this.#running.push(this.#run(port, client));
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
    this.#agent.destroy();
  }

  async #run(port: number, client: number): Promise<void> {
    while (!this.#ended) {
      await this.#ask(port, client).catch((error: Error) => this.failures.push(error.message));
      this.answered += 1;
      await pause(PAUSE_MS);
    }
  }

  #ask(port: number, client: number): Promise<void> {
    const path = PATHS[client % PATHS.length]!;
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, agent: this.#agent }, (response) => {
        response.on('error', reject);
        response.on('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`)),
        );
        response.resume();
      });
      asked.on('error', reject);
      asked.end();
    });
  }
}

async function workersOf({ pid }: ServerHandle): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter((word) => word !== '');
}

describe('two workers that are replaced one after the other', () => {
  let server: ServerHandle;
  let files: RuntimeFiles;
  beforeAll(async () => {
    files = await makeRuntimeFiles();
    await files.writeSettings({ 'api-allow': ['^/ping$'] });
    server = await startServer({ workers: 2, args: ['--config', join(files.folder, 'config.json')] });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server?.stop();
    await files.remove();
  });

  test('refuse no request, on new connections as on kept ones', async () => {
    const before = await workersOf(server);
    const askers = [true, false].map((keepAlive) => new Askers(server.httpPort, { keepAlive, clients: 6 }));
    process.kill(server.pid, 'SIGUSR2');
    await expect.poll(() => server.output(), { timeout: 60_000 }).toContain('all workers have been replaced');
    const [kept, fresh] = askers;
    await Promise.all(askers.map((asker) => asker.end()));
    expect([kept!.failures, fresh!.failures]).toEqual([[], []]);
    expect(Math.min(kept!.answered, fresh!.answered)).toBeGreaterThan(20);
    const after = await workersOf(server);
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(server.output()).not.toMatch(/is replaced\b|killed/);
  });
});
