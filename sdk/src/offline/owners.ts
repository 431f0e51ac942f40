import type { Owners } from './write-queue.js';

/** For storage that one client uses at a time: whatever is queued is its own. */
export function onlyOwner(): Owners {
  return {
    self: 'only',
    others: async () => new Set<string>(),
    alone: (task) => task(),
  };
}
