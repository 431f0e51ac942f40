/**
 * For tests: writes more into a replica than the disk takes, and prints what comes of it before and after there is room. The second
 * argument is the command that takes limits off processes.
 */
import { execFileSync } from 'node:child_process';
import { BacksideError } from '@backside/protocol';
import { makeMap, nodesEqual, readNode } from '@backside/tree';
import { createLmdbReplica } from './open-replica.js';
import { commitOf } from './scratch.js';

const [directory, liftLimit] = process.argv.slice(2) as [string, string];

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function codeOf(error: unknown): string {
  return error instanceof BacksideError ? error.code : String(error);
}

async function checkpoint(): Promise<string> {
  return replica.checkpoint().then(
    (revision) => `checkpoint at ${revision}`,
    (error: unknown) => `checkpoint ${codeOf(error)}`,
  );
}

const told = new Set<string>();
const replica = createLmdbReplica({
  directory,
  checkpoint: { maxBytes: 1000 },
  onFailure: (error) => told.add(error.code),
});
const rows = makeMap(Array.from({ length: 60 }, (_, index) => [`row${index}`, 'x'.repeat(100_000)]));
replica.apply([commitOf(1, [{ path: ['rows'], value: rows }])]);
print(await checkpoint());
replica.apply([commitOf(2, [{ path: ['more'], value: 1 }])]);
print(
  `answers ${nodesEqual(readNode(replica, ['rows']), rows)} at ${replica.revision}, disk at ${replica.checkpointed}`,
);
execFileSync(liftLimit, ['--fsize=unlimited', '--pid', String(process.pid)]);
print(await checkpoint());
print(
  `answers ${nodesEqual(readNode(replica, ['rows']), rows)} at ${replica.revision}, disk at ${replica.checkpointed}`,
);
await replica.close();
for (const code of told) print(`told ${code}`);
