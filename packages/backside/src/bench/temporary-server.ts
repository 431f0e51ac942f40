import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TemporaryServer {
  /** `host:port` for STOMP over TCP. */
  readonly url: string;
  stop(): Promise<void>;
}

const BIN = fileURLToPath(new URL('../../bin/backside.js', import.meta.url));

/** Runs a server of its own on free ports, with a data folder that goes with it. */
export async function startTemporaryServer(): Promise<TemporaryServer> {
  const data = await mkdtemp(join(tmpdir(), 'backside-bench-'));
  const flags = ['--dev', '--port', '0', '--tcp-port', '0', '--data', data, '--log-level', 'error'];
  const child = spawn(process.execPath, [BIN, 'start', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  const url = await Promise.race([readyUrl(child.stdout), ended.then(() => null)]);
  if (url !== null) return { url, stop };
  await stop();
  throw new Error('the temporary server did not start');
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string | null> {
  let text = '';
  for await (const chunk of stdout) {
    text += chunk.toString();
    const ready = /^backside ready .*stomp=(\S+)$/m.exec(text);
    if (ready) return ready[1]!;
  }
  return null;
}
