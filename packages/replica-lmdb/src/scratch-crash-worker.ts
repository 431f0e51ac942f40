/** For tests: goes on with the scripted history in a replica, checkpointing all the time, until it is killed. */
import { setTimeout } from 'node:timers/promises';
import { createLmdbReplica } from './open-replica.js';
import { scriptedCommits } from './scratch-script.js';

const replica = createLmdbReplica({ directory: process.argv[2]!, checkpoint: { maxChanges: 40 } });
const first = replica.checkpointed;
let told = false;
for (;;) {
  replica.apply(scriptedCommits(replica.revision + 1, replica.revision + 10));
  await setTimeout(1);
  if (!told && replica.checkpointed > first) process.stdout.write('writing\n');
  told ||= replica.checkpointed > first;
}
