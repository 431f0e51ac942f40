import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Kernel clock ticks per second as `/proc` counts them; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const PAGE_BYTES = 4096;

/** One process as the kernel's `stat` line shows it. */
interface ProcessStat {
  /** One letter of the kernel's: R and S go on, T stands still, Z has ended. */
  readonly state: string;
  readonly parent: number;
  readonly cpuTicks: number;
  readonly threads: number;
  readonly residentPages: number;
}

/** Null if the process is gone. */
function readStat(pid: number): ProcessStat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may itself hold blanks and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      state: fields[0]!,
      parent: Number(fields[1]),
      cpuTicks: Number(fields[11]) + Number(fields[12]),
      threads: Number(fields[17]),
      residentPages: Number(fields[21]),
    };
  } catch {
    return null;
  }
}

/** The process and its descendants (a server's workers), as far as they are alive. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const child = Number(name);
    if (!Number.isInteger(child)) continue;
    const parent = readStat(child)?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const tree = [pid];
  for (let index = 0; index < tree.length; index += 1) tree.push(...(children.get(tree[index]!) ?? []));
  return tree;
}

/** Whether a process goes on, stands still, or still gives back what it held: its first thread may have ended before the others. */
export function isRunning(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && (!['Z', 'X'].includes(stat.state) || stat.threads > 1);
}

/** Whether a process stands still, after SIGSTOP. */
export function standsStill(pid: number): boolean {
  return readStat(pid)?.state === 'T';
}

/** User and system CPU seconds that the process tree has used so far; resolution 10 ms. */
export function cpuSeconds(pid: number): number {
  let ticks = 0;
  for (const member of processTree(pid)) ticks += readStat(member)?.cpuTicks ?? 0;
  return ticks / TICKS_PER_SECOND;
}

/** Resident bytes of the process tree; pages that its members share count once per member. */
export function residentBytes(pid: number): number {
  let pages = 0;
  for (const member of processTree(pid)) pages += readStat(member)?.residentPages ?? 0;
  return pages * PAGE_BYTES;
}

/** Resident bytes of one process without mapped files, whose pages are the kernel's cache and go when others need them. */
export function anonymousBytes(pid: number): number {
  const match = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  if (!match) throw new Error('this kernel does not tell anonymous memory');
  return Number(match[1]) * 1024;
}

/** The middle value; the mean of the two middle ones when the count is even. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value below which `share` (0 … 1) of the values lie. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** The slope of the least-squares line through the points. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY);
    variance += (x - meanX) ** 2;
  }
  return covariance / variance;
}

/** Resolves once `predicate` holds; rejects, naming `what`, when it does not within `timeoutMs`. */
export async function waitUntil(predicate: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!predicate()) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(2);
  }
}

/** What a measured Node process preloads so that `collectGarbage` can reach it. */
const GC_ON_SIGNAL = [
  `import v8 from "node:v8";`,
  `import vm from "node:vm";`,
  `v8.setFlagsFromString("--expose-gc");`,
  `const gc = vm.runInNewContext("gc");`,
  `process.on("SIGUSR2", () => gc());`,
].join('');

/** NODE_OPTIONS for a process whose garbage `collectGarbage` is to collect. The program itself stays as it is. */
export function gcOnSignalOptions(): string {
  return `--import=data:text/javascript,${encodeURIComponent(GC_ON_SIGNAL)}`;
}

/** Collects twice, with time between for what finalizers release; only for processes started with `gcOnSignalOptions`. */
export async function collectGarbage(pid: number): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    process.kill(pid, 'SIGUSR2');
    await sleep(300);
  }
}
