import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, median } from '../../harness/measure.js';
import { LEAVES_PER_ITEM } from '../items.js';
import { atMost, type Line, type Row } from '../row.js';
import type { Workspace } from '../workspace.js';
import { startWrites } from './leaf-count.js';

interface Start {
  readonly milliseconds: number;
  readonly cpuMs: number;
}

export const startUp: Row = {
  name: 'start-up',
  summary:
    'from spawn to the ready line with 1,000,000 leaves, after a clean shutdown and after SIGKILL, against an empty folder',
  async run(workspace) {
    const leaves = workspace.manyLeaves;
    const filled = await workspace.filledFolder(leaves);
    const starts: Record<'empty' | 'clean' | 'killed', Start[]> = { empty: [], clean: [], killed: [] };
    for (let round = 0; round < (workspace.quick ? 3 : 5); round += 1) {
      starts.empty.push(await timeStart(workspace, await workspace.newFolder('empty')));
      const clean = join(await workspace.newFolder('clean'), 'data');
      await cp(filled, clean, { recursive: true });
      starts.clean.push(await timeStart(workspace, clean));
      await killUnderWrites(workspace, clean, leaves);
      starts.killed.push(await timeStart(workspace, clean));
    }
    const title = `start-up with ${leaves.toLocaleString('en')} leaves`;
    return [
      lineOf(`${title}, clean`, starts.clean, starts.empty, 1.5),
      lineOf(`${title}, after SIGKILL`, starts.killed, starts.empty, 3),
    ];
  },
};

/** The CPU is read a moment after the line, so it includes what the start left behind. */
async function timeStart(workspace: Workspace, dataDir: string): Promise<Start> {
  const begin = performance.now();
  const server = await workspace.startOurs({ dataDir });
  const milliseconds = performance.now() - begin;
  const cpuMs = cpuSeconds(server.websocket.pid) * 1000;
  await sleep(200);
  await server.stop();
  return { milliseconds, cpuMs };
}

/** Leaves behind what a busy server leaves behind: acknowledged writes that no checkpoint may have reached. */
async function killUnderWrites(workspace: Workspace, dataDir: string, leaves: number): Promise<void> {
  const server = await workspace.startOurs({ dataDir });
  const writes = await startWrites(server.websocket, leaves / LEAVES_PER_ITEM);
  await writes.round(workspace.quick ? 0.5 : 2);
  await server.kill();
  await writes.stop();
}

function lineOf(title: string, ours: readonly Start[], empty: readonly Start[], limit: number): Line {
  const middle = (starts: readonly Start[], key: keyof Start): number => median(starts.map((start) => start[key]));
  return {
    title,
    unit: 'ms',
    ours: middle(ours, 'milliseconds'),
    reference: middle(empty, 'milliseconds'),
    referenceName: 'ours, empty folder',
    goal: atMost(limit),
    cpu: { unit: 'ms/start', ours: middle(ours, 'cpuMs'), reference: middle(empty, 'cpuMs') },
  };
}
