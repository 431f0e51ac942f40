import { readFile, writeFile } from 'node:fs/promises';

/** How much more memory, in bytes, a process has held at most while the work was done than before. Linux keeps count, and forgets when it is told. */
export async function grownMemory(pid: number, work: () => Promise<unknown>): Promise<number> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
  const before = await highWater(pid);
  await work();
  return (await highWater(pid)) - before;
}

async function highWater(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
}
