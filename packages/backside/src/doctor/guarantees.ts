import type { ServerConfig } from '../config/server-options.js';

/** What this pair of store and notifier promises, one sentence each. What depends on the server itself its examination says. */
export function guaranteesOf({ store, notifier, workers }: ServerConfig): readonly string[] {
  if (store === 'memory') return ['an acknowledged write is lost with the process', ORDER];
  if (store === 'embedded') {
    const heard = workers > 1 ? ['a write is heard by the listeners of all workers within milliseconds'] : [];
    return ['an acknowledged write survives kill -9 and power loss, not the loss of the disk', ORDER, ...heard];
  }
  return [ORDER, EVERY_NODE, heardBetweenNodes(notifier), TAKEN_OVER];
}

const ORDER = 'all writes of a database have one order, which every listener sees without gaps, whatever fails';
const EVERY_NODE =
  'a write that was acknowledged by one node is in every later answer of every node that reaches the store';
const TAKEN_OVER = 'what connections left for their end is done once, by another node if theirs dies';

function heardBetweenNodes(notifier: ServerConfig['notifier']): string {
  if (notifier === 'none') return 'a write is heard by the listeners of other nodes within about half a second';
  return 'a write is heard by the listeners of other nodes within milliseconds; while the notifier is down, within about half a second';
}
