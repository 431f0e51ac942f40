/**
 * Puts load on equal nodes, records what clients sent and saw, and says whether the promises were kept:
 * `node --import tsx --conditions=source test/load/history.ts --help`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ClusterNotifier, type ClusterStore, startCluster } from '../harness/cluster.js';
import { check } from './history/check.js';
import { FAULTS } from './history/faults.js';
import { isBroker, nodesOf, startFaultyCluster } from './history/faulty-cluster.js';
import type { History } from './history/history.js';
import type { LoadNode } from './history/load-node.js';
import { runLoad } from './history/run-load.js';
import { stompNode } from './history/stomp-node.js';
import { Random } from './random.js';

const HELP = `Usage: history.ts [--url stomp://HOST:PORT]... [options]
       history.ts --check FILE

Records what writers and listeners send and see on nodes that serve the same databases in development mode, and checks it: one order,
real time, atomic and conditional writes, listeners without a gap, nothing lost, doubled, or refused and there.

  --url URL        a running node; as often as there are nodes. Without one, nodes are started:
  --nodes N        how many (3)
  --store NAME     mongodb or postgres (mongodb)
  --notifier NAME  none, amqp, redis, nats or postgres (none)
  --fault NAME     what happens to them in the middle, such as 'a node is killed'; with amqp, redis or nats
  --writers N      clients that write (8)
  --listeners N    clients that listen (6)
  --seconds S      how long (10)
  --pause MS       between two writes of one writer, at most (0)
  --seed N         makes the clients' choices repeatable
  --output FILE    where the history is put; without it a history with problems goes to the temporary folder
  --check FILE     judges a history that was recorded before
`;

const OPTIONS = {
  help: { type: 'boolean', default: false },
  url: { type: 'string', multiple: true, default: [] as string[] },
  nodes: { type: 'string', default: '3' },
  store: { type: 'string', default: 'mongodb' },
  notifier: { type: 'string', default: 'none' },
  fault: { type: 'string' },
  writers: { type: 'string', default: '8' },
  listeners: { type: 'string', default: '6' },
  seconds: { type: 'string', default: '10' },
  pause: { type: 'string', default: '0' },
  seed: { type: 'string' },
  output: { type: 'string' },
  check: { type: 'string' },
} as const;

type Values = ReturnType<typeof parse>;

function parse() {
  return parseArgs({ options: OPTIONS }).values;
}

async function main(): Promise<void> {
  const values = parse();
  if (values.help) process.stdout.write(HELP);
  else if (values.check !== undefined) judge(JSON.parse(await readFile(values.check, 'utf8')) as History);
  else await record(values);
}

async function record(values: Values): Promise<void> {
  const random = new Random(Number(values.seed ?? Date.now() % 2 ** 32));
  const { nodes, fault, stop } = await targetOf(values);
  try {
    const [writers, listeners, pauseMs] = [values.writers, values.listeners, values.pause].map(Number);
    const halfMs = Number(values.seconds) * 500;
    const during = async (): Promise<void> => {
      await sleep(halfMs);
      await fault();
      await sleep(halfMs);
    };
    const load = { writers: writers!, listeners: listeners!, pauseMs: pauseMs! };
    const history = await runLoad({ nodes, ...load, random, during });
    console.log(`seed ${random.seed}, ${nodes.length} nodes`);
    const isSound = judge(history);
    const file = values.output ?? (isSound ? undefined : join(tmpdir(), `history-${random.seed}.json`));
    if (file !== undefined) await writeFile(file, JSON.stringify(history));
    if (file !== undefined) console.log(`the history is in ${file}`);
  } finally {
    await stop();
  }
}

/** Prints the verdict; the exit code tells it as well. */
function judge(history: History): boolean {
  const { problems, counts } = check(history);
  console.log(counts);
  for (const problem of problems) console.log(`broken: ${problem}`);
  console.log(problems.length === 0 ? 'every promise was kept' : `${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
  return problems.length === 0;
}

interface Target {
  readonly nodes: readonly LoadNode[];
  readonly fault: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

const nothing = async (): Promise<void> => {};

async function targetOf(values: Values): Promise<Target> {
  if (values.url.length > 0) {
    const nodes = values.url.map((text) => {
      const { host, hostname, port } = new URL(text);
      return stompNode(host, () => ({ host: hostname, port: Number(port) }));
    });
    return { nodes, fault: nothing, stop: nothing };
  }
  const [store, notifier] = [values.store as ClusterStore, values.notifier as ClusterNotifier];
  if (values.fault !== undefined) return faultyTarget(store, notifier, values.fault);
  const cluster = await startCluster({ nodes: Number(values.nodes), store, notifier });
  if (cluster === null) throw new Error('the servers for these nodes cannot be had');
  return { nodes: nodesOf(cluster), fault: nothing, stop: () => cluster.stop() };
}

async function faultyTarget(store: ClusterStore, notifier: ClusterNotifier, name: string): Promise<Target> {
  const fault = FAULTS[name];
  if (fault === undefined) throw new Error(`the faults are: ${Object.keys(FAULTS).join(', ')}`);
  if (!isBroker(notifier)) throw new Error('faults need a broker: amqp, redis or nats');
  const faulty = await startFaultyCluster(store, notifier);
  if (faulty === null) throw new Error('the servers for these nodes cannot be had');
  return { nodes: nodesOf(faulty.cluster), fault: () => fault(faulty), stop: () => faulty.stop() };
}

if (process.argv[1] === import.meta.filename) await main();
