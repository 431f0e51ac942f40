import { Commit } from '@backside/protocol';
import { createIpcNotifier } from './ipc-notifier.js';
import { processChannel } from './test-channels.js';

/** Publishes in `answers`, with the author `echo`, what it hears of `questions`, and says once that it is ready. */
const notifier = createIpcNotifier(processChannel(process));

await notifier.subscribe('questions', ({ commits }) => {
  notifier.publish(
    'answers',
    commits.map((commit) => new Commit({ ...commit, author: 'echo' })),
  );
});
notifier.publish('ready', [new Commit({ revision: 1, time: 0, author: 'echo', origin: 'child', changes: [] })]);
