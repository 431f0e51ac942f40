import autocannon from 'autocannon';
import { startReference } from '../reference.js';
import { atLeast, clientShare, cpuMicroseconds, type Line, type Row, rate } from '../row.js';
import type { Sample, Target } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';
import type { Workspace } from '../workspace.js';

const CONNECTIONS = 64;

interface Contestant {
  readonly target: Target;
  readonly path: string;
}

export const http: Row = {
  name: 'http',
  summary: 'GET and PUT (durable) of a small leaf over HTTP, against a bare express route and a bare handler of Node',
  async run(workspace) {
    const server = await workspace.startOurs();
    const references = [await startReference('http-leaf', ['express']), await startReference('http-leaf', ['node'])];
    const contestants = [
      { target: server.websocket, path: '/leaf.json' },
      ...references.map((target) => ({ target, path: '/leaf' })),
    ];
    try {
      return [...(await contest('PUT', contestants, workspace)), ...(await contest('GET', contestants, workspace))];
    } finally {
      await Promise.all([server, ...references].map((process) => process.stop()));
    }
  },
};

/** All of them in turns. */
async function contest(
  method: 'GET' | 'PUT',
  contestants: readonly Contestant[],
  { quick }: Workspace,
): Promise<Line[]> {
  const seconds = quick ? 1 : 3;
  const samples: Sample[][] = contestants.map(() => []);
  for (const contestant of contestants) await shoot(method, contestant, seconds);
  for (let round = 0; round < (quick ? 3 : 5); round += 1) {
    for (const [index, contestant] of contestants.entries()) {
      samples[index]!.push(await shoot(method, contestant, seconds));
    }
  }
  const [ours, express, node] = samples as [Sample[], Sample[], Sample[]];
  return [
    { ...lineOf(method, ours, express), referenceName: 'bare express', goal: atLeast(0.8) },
    { ...lineOf(method, ours, node), referenceName: 'bare node:http', goal: null },
  ];
}

function lineOf(
  method: string,
  ours: readonly Sample[],
  theirs: readonly Sample[],
): Omit<Line, 'referenceName' | 'goal'> {
  return {
    title: `${method} of a small leaf over HTTP`,
    unit: 'requests/s',
    ours: rate(ours),
    reference: rate(theirs),
    cpu: { unit: 'µs/request', ours: cpuMicroseconds(ours), reference: cpuMicroseconds(theirs) },
    note: `ours: ${clientShare(ours)}; reference: ${clientShare(theirs)}`,
  };
}

/** A round of requests. A unit is one that was answered; anything but 200 fails the row. */
async function shoot(method: 'GET' | 'PUT', { target, path }: Contestant, duration: number): Promise<Sample> {
  const watch = new Stopwatch(target.pid);
  const result = await autocannon({
    url: `http://127.0.0.1:${target.port}${path}`,
    method,
    connections: CONNECTIONS,
    duration,
    headers: { 'content-type': 'application/json' },
    ...(method === 'PUT' && { body: '"gray"' }),
  });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return watch.stop(result.requests.total);
}
