import type { Notifier } from '@backside/notifier';

/** For nodes without a broker: carries nothing and says so, which has them ask the store more often. */
export function createNoNotifier(): Notifier {
  return {
    betweenNodes: false,
    state: { up: false, dropped: 0 },
    publish: () => {},
    subscribe: async () => async () => {},
    close: async () => {},
  };
}
