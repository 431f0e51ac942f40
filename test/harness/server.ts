import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { killWithThisProcess } from './reaper.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');
const READY = /^backside ready http=\S+:(\d+) stomp=\S+:(\d+)$/m;
const START_TIMEOUT_MS = 60_000;

/** The file that `node` runs as the `backside` command. */
export const BACKSIDE: string = join(ROOT, 'packages/backside/bin/backside.js');

export interface StartOptions {
  /** Further flags of `backside start`; they win over those that this function gives. */
  readonly args?: readonly string[];
  /** Further environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The data folder; a new one, removed with the server, when left out. */
  readonly dataDir?: string;
  readonly workers?: number;
}

/** A server in a process of its own, which does not outlive the test's process. */
export interface ServerHandle {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** `ws://127.0.0.1:PORT/stomp`. */
  readonly url: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Resolves when the process has ended, with its exit code; -1 if a signal ended it. */
  readonly ended: Promise<number>;
  /** Sends SIGTERM and resolves with the exit code. */
  stop(): Promise<number>;
  /** Sends a signal, SIGKILL by default, and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** What it has written to standard output and standard error so far. */
  output(): string;
}

/** Starts `backside start --dev` on free ports. Rejects with the output of the process if it is not ready in time. */
export async function startServer(options: StartOptions = {}): Promise<ServerHandle> {
  await ensureBuilt();
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'backside-test-')));
  const child = spawn(process.execPath, [BACKSIDE, ...flagsOf(dataDir, options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const watched = watch(child);
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal);
    const code = await watched.ended;
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  const ports = await readyPorts(watched).catch(async (error: unknown) => {
    await end('SIGKILL');
    throw error;
  });
  return {
    ...ports,
    url: `ws://127.0.0.1:${ports.httpPort}/stomp`,
    pid: child.pid!,
    dataDir,
    ended: watched.ended,
    stop: () => end('SIGTERM'),
    kill: async (signal = 'SIGKILL') => void (await end(signal)),
    output: watched.output,
  };
}

function flagsOf(dataDir: string, { workers = 1, args = [] }: StartOptions): string[] {
  return ['start', '--dev', '--port', '0', '--tcp-port', '0', '--data', dataDir, '--workers', String(workers), ...args];
}

interface Watched {
  readonly ended: Promise<number>;
  readonly output: () => string;
  /** Resolves when the output has grown. */
  readonly grown: () => Promise<unknown>;
}

function watch(child: ChildProcess): Watched {
  let output = '';
  let tellGrown: () => void = () => undefined;
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    tellGrown();
  };
  child.stdout!.on('data', read);
  child.stderr!.on('data', read);
  const forget = killWithThisProcess(child.pid!);
  const ended = once(child, 'close').then(([code]) => {
    forget();
    return (code as number | null) ?? -1;
  });
  const grown = (): Promise<void> => new Promise((resolve) => (tellGrown = resolve));
  return { ended, output: () => output, grown };
}

async function readyPorts({ ended, output, grown }: Watched): Promise<{ httpPort: number; tcpPort: number }> {
  const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
  const late = once(deadline, 'abort').then(() => 'is not ready in time');
  const gone = ended.then((code) => `ended with ${code}`);
  for (;;) {
    const match = READY.exec(output());
    if (match) return { httpPort: Number(match[1]), tcpPort: Number(match[2]) };
    const problem = await Promise.race([grown(), late, gone]);
    if (typeof problem === 'string') throw new Error(`the server ${problem}:\n${output()}`);
  }
}

let built: Promise<void> | null = null;

/** Builds what the `backside` command runs, once, unless that is newer than its sources. */
export function ensureBuilt(): Promise<void> {
  built ??= build();
  return built;
}

/** A type error, say in a test, is told but stops nothing: the compiler writes its output nevertheless. */
async function build(): Promise<void> {
  const packages = (await readdir(join(ROOT, 'packages'))).map((name) => join(ROOT, 'packages', name));
  const stale = await Promise.all(packages.map(isStale));
  if (!stale.includes(true)) return;
  const compiler = spawn(process.execPath, [COMPILER, '-b', join(ROOT, 'packages/backside')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [problems] = await Promise.all([text(compiler.stdout), once(compiler, 'close')]);
  process.stderr.write(problems);
  await access(join(ROOT, 'packages/backside/dist/main.js'));
}

async function isStale(folder: string): Promise<boolean> {
  const isSource = (name: string): boolean => name.endsWith('.ts') && !name.endsWith('.test.ts');
  const changed = await newestFile(join(folder, 'src'), isSource);
  return changed > (await newestFile(folder, (name) => name.endsWith('.tsbuildinfo')));
}

/** When the last changed of the chosen files of a folder was changed, in milliseconds since the epoch; 0 if there is none. */
async function newestFile(folder: string, choose: (name: string) => boolean): Promise<number> {
  const names = await readdir(folder, { recursive: folder.endsWith('src') }).catch(() => []);
  const times = names.filter(choose).map(async (name) => (await stat(join(folder, name))).mtimeMs);
  return Math.max(0, ...(await Promise.all(times)));
}
