import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { BacksideError } from '@backside/protocol';

/** What reading everything in a folder has come to. */
export interface ReadThrough {
  /** The entries that were read, of all kinds. */
  readonly entries: number;
  /** In words what is wrong; null if everything could be read. */
  readonly problem: string | null;
}

interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads everything in a folder, in a process of its own, which damage may end. Throws `unavailable` if it cannot be opened. */
export async function readThrough(directory: string): Promise<ReadThrough> {
  const child = spawn(process.execPath, argumentsFor(directory), { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return interpret(directory, { code, signal, stdout, stderr });
}

/** The same for callers that cannot wait otherwise. */
export function readThroughSync(directory: string): ReadThrough {
  const { error, status, ...rest } = spawnSync(process.execPath, argumentsFor(directory), { encoding: 'utf8' });
  if (error) throw error;
  return interpret(directory, { ...rest, code: status });
}

/** Where the package runs from its source, the process needs a loader for TypeScript. */
function argumentsFor(directory: string): string[] {
  const fromSource = import.meta.url.endsWith('.ts');
  const entry = new URL(
    fromSource ? './read-through-worker.from-source.mjs' : './read-through-worker.js',
    import.meta.url,
  );
  return [...(fromSource ? ['--conditions=source'] : []), fileURLToPath(entry), directory];
}

function interpret(directory: string, { code, signal, stdout, stderr }: Outcome): ReadThrough {
  if (signal !== null) return { entries: 0, problem: `a process that reads it is ended by ${signal}` };
  if (code === 0) return JSON.parse(stdout) as ReadThrough;
  throw new BacksideError('unavailable', `the replica in ${directory} could not be read through: ${stderr.trim()}`);
}
