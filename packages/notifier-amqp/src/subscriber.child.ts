import { SILENT_LOGGER } from '@backside/protocol';
import { createAmqpNotifier } from './amqp-notifier.js';

/** Listens to `main` and reports every notice to its parent: how many commits, and the head. */
const [url, prefix] = process.argv.slice(2) as [string, string];
const queue = { maxMessages: 20 };
const timing = { checkEveryMs: 60_000 };
const notifier = await createAmqpNotifier({ url, prefix, queue, timing, nodeId: 'stopped', logger: SILENT_LOGGER });
await notifier.subscribe('main', ({ commits, head }) => process.send?.({ commits: commits.length, head }));
process.send?.('ready');
