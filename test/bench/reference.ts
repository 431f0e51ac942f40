import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../harness/free-ports.js';
import { waitUntil } from '../harness/measure.js';

export type ReferenceName =
  | 'ws-joined'
  | 'ws-each'
  | 'ws-relay'
  | 'net-idle'
  | 'socket-io'
  | 'firebase-wire'
  | 'http-leaf';

/** A server under test, ours or a reference. */
export interface ServerProcess {
  readonly pid: number;
  /** Where the scenario's dialect connects. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts one of `references/*.ts` as a process of its own; resolves once it listens. */
export async function startReference(name: ReferenceName, args: readonly string[] = []): Promise<ServerProcess> {
  const file = fileURLToPath(new URL(`./references/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /^ready (\d+)$/.exec(line);
    if (match) return { pid: child.pid!, port: Number(match[1]), stop: () => endProcess(child) };
  }
  throw new Error(`the reference ${name} ended before it was ready`);
}

/** Where `nats-server` is installed; null if it is not on the PATH. */
export function findNatsServer(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'nats-server')).find((file) => existsSync(file)) ?? null;
}

export async function startNatsServer(program: string): Promise<ServerProcess> {
  const [port] = (await freePorts(1)) as [number];
  const child = spawn(program, ['-a', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString('utf8');
  });
  await waitUntil(() => log.includes('Server is ready') || child.exitCode !== null, 'nats-server to start', 10_000);
  if (child.exitCode !== null) throw new Error(`nats-server ended: ${log}`);
  return { pid: child.pid!, port, stop: () => endProcess(child) };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
