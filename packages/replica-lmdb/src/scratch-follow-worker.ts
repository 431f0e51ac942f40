/** For tests: follows a disk on which another process writes the scripted history, from revision 2,000 to 4,000. */
import { setTimeout } from 'node:timers/promises';
import { applyChanges, encodeNode, type Node, readNode } from '@backside/tree';
import { createLmdbReplica } from './open-replica.js';
import { scriptedChanges, scriptedCommits } from './scratch-script.js';

let tree: Node = null;
for (let revision = 1; revision <= 4000; revision++) tree = applyChanges(tree, scriptedChanges(revision));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const replica = createLmdbReplica({ directory: process.argv[2]!, mode: 'follower', pollMs: 2 });
print(`following ${replica.revision}`);
replica.apply(scriptedCommits(replica.revision + 1, 4000));
const isSame = (): boolean => encodeNode(readNode(replica, []), 'export') === encodeNode(tree, 'export');
print(`same ${isSame()}`);
while (replica.checkpointed < 4000) await setTimeout(2);
print(`caught up at ${replica.checkpointed}`);
print(`same ${isSame()}`);
await replica.close();
