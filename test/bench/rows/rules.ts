import { LoadProcess } from '../load.js';
import { atLeast, cpuMicroseconds, type Goal, interleave, type Line, perCpuSecond, type Row } from '../row.js';
import type { RulesOptions } from '../scenarios/rules.js';

interface Contest extends RulesOptions {
  readonly title: string;
  readonly goal: Goal;
}

const CONTESTS: readonly Contest[] = [
  { work: 'reads', title: 'reads decided', goal: atLeast(10) },
  { work: 'writes', title: 'writes decided', goal: atLeast(10) },
  { work: 'wholeWrites', title: 'writes decided and made', goal: atLeast(20) },
];

export const rulesAgainstTargaryen: Row = {
  name: 'rules',
  summary: 'decisions by the rules of a chat application with 1,000 users and 200 rooms',
  async run(workspace) {
    const lines: Line[] = [];
    for (const contest of CONTESTS) lines.push(await lineOf(contest, workspace.quick));
    return lines;
  },
};

/** Both engines run in one process, which takes turns between them: each of the two is every second round. */
async function lineOf({ work, title, goal }: Contest, quick: boolean): Promise<Line> {
  const load = await LoadProcess.start('rules', { work });
  const plan = quick ? { rounds: 3, amount: 0.5, warmUp: 0.5 } : { rounds: 5, amount: 1, warmUp: 1 };
  const [ours, theirs] = await interleave([load, load], plan);
  await load.stop();
  return {
    title,
    unit: 'ops/CPU-s',
    ours: perCpuSecond(ours!),
    reference: perCpuSecond(theirs!),
    referenceName: 'targaryen',
    goal,
    cpu: { unit: 'µs/op', ours: cpuMicroseconds(ours!), reference: cpuMicroseconds(theirs!) },
    note: 'both in one process, in turns, with the same verdicts',
  };
}
