import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { BACKSIDE, ensureBuilt } from '../harness/server.js';

/** What a finished command has done. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What the command reads from standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command is killed. */
  readonly timeoutMs?: number;
}

/** Runs the `backside` command to its end. */
export async function runBackside(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  await ensureBuilt();
  const child = spawn(process.execPath, [BACKSIDE, ...args], {
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  child.stdin.end(options.input ?? '');
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
