import { type ChildProcess, spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY = /^backside ready http=(\S+) stomp=(\S+)$/;

/** The command of this workspace. An application of its own would say `backside`. */
export const COMMAND: string = fileURLToPath(new URL('../../packages/backside/bin/backside.js', import.meta.url));
const BUILT = fileURLToPath(new URL('../../packages/backside/dist/main.js', import.meta.url));

export interface BacksideProcess {
  /** `HOST:PORT` of HTTP and websockets. */
  readonly http: string;
  /** `HOST:PORT` of STOMP over TCP. */
  readonly stomp: string;
  /** Asks the server to finish what it has begun, and resolves with its exit code. */
  stop(): Promise<number>;
}

/**
 * Starts a server in development mode on `dataDir` under the rules of a file; its ports are 5000 and 5001 unless the
 * environment says otherwise. What it logs goes to standard error. Rejects if it ends before it serves.
 */
export async function startBackside(rules: string, dataDir: string): Promise<BacksideProcess> {
  await access(BUILT).catch(() => {
    throw new Error('The server is not built: run `npm run build` at the root first');
  });
  const flags = ['start', '--dev', '--anonymous', '--sign-up', '--rules', rules, '--data', dataDir];
  const child = spawn(process.execPath, [COMMAND, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  // Should this process end by an error of its own, the server is not left behind.
  process.once('exit', () => child.kill('SIGTERM'));
  const { http, stomp } = await Promise.race([readyLine(child), ended.then(failed)]);
  return {
    http,
    stomp,
    stop(): Promise<number> {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function readyLine(child: ChildProcess): Promise<{ http: string; stomp: string }> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, http, stomp] = READY.exec(line) ?? [];
    if (http !== undefined && stomp !== undefined) return { http, stomp };
  }
  throw new Error('The server closed its output before it served');
}

function failed(code: number): never {
  throw new Error(`The server ended with ${code}`);
}
