import type { Notifier } from '@backside/notifier';
import { type Channel, createIpcNotifier, type NotificationRelay } from '@backside/notifier-ipc';

/** The primary's own place in the relay between its workers: what it publishes there reaches all of them. */
export function joinRelay(relay: NotificationRelay): Notifier {
  const [own, others] = channelPair();
  relay.add(others);
  return createIpcNotifier(own);
}

/** Two ends of a link inside this process; what is sent arrives in a later turn of the event loop, as between processes. */
function channelPair(): [Channel, Channel] {
  const handlers: [Set<(message: unknown) => void>, Set<(message: unknown) => void>] = [new Set(), new Set()];
  const end = (mine: 0 | 1): Channel => ({
    send: (message) => {
      setImmediate(() => {
        for (const handle of [...handlers[mine === 0 ? 1 : 0]]) handle(message);
      });
    },
    onMessage: (handle) => {
      handlers[mine].add(handle);
      return () => handlers[mine].delete(handle);
    },
    onClose: () => {},
  });
  return [end(0), end(1)];
}
