import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Kills what it was told of once its standard input ends, as it does when the process that holds the other end is gone, in whatever
 * way. What it was told of and then told to forget may have ended, and its number may be another's.
 */
const PROGRAM = `
  const pids = new Set();
  let text = '';
  process.stdin.on('data', (chunk) => {
    const lines = (text + chunk).split('\\n');
    text = lines.pop();
    for (const line of lines) pids[line[0] === '+' ? 'add' : 'delete'](Number(line.slice(1)));
  });
  process.stdin.on('end', () => {
    for (const pid of pids) try { process.kill(pid, 'SIGKILL'); } catch {}
  });
`;

let reaper: ChildProcess | null = null;

/**
 * Has a process killed when this one ends, also by SIGKILL; with a negative number the process group of that number. The returned
 * function calls it off.
 */
export function killWithThisProcess(pid: number): () => void {
  if (reaper === null) {
    reaper = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    reaper.unref();
    (reaper.stdin as unknown as { unref(): void }).unref();
  }
  const { stdin } = reaper;
  stdin?.write(`+${pid}\n`);
  return () => stdin?.write(`-${pid}\n`);
}
