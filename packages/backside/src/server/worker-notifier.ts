import type { Notifier, NotifierState } from '@backside/notifier';

/** What the primary tells its workers of the notifier between nodes. */
export interface BrokerState extends NotifierState {
  readonly betweenNodes: boolean;
}

export interface WorkerNotifierOptions {
  /** To the other processes of this node. */
  readonly siblings: Notifier;
  /** As the primary told last. */
  readonly broker: () => BrokerState;
  /** Has the primary pass on what nodes tell each other under this name, until it is told to leave. */
  readonly join: (topic: string) => void;
  readonly leave: (topic: string) => void;
}

/** The notifier of a worker whose primary links this node to others: what siblings hear other nodes hear as well. */
export function createWorkerNotifier({ siblings, broker, join, leave }: WorkerNotifierOptions): Notifier {
  const subscribed = new Map<string, number>();
  const count = (topic: string, change: 1 | -1): void => {
    const number = (subscribed.get(topic) ?? 0) + change;
    if (number === 0) subscribed.delete(topic);
    else subscribed.set(topic, number);
    if (change === 1 && number === 1) join(topic);
    else if (number === 0) leave(topic);
  };
  return {
    get betweenNodes() {
      return broker().betweenNodes;
    },
    get state() {
      const { up, dropped } = broker();
      return { up: up && siblings.state.up, dropped };
    },
    publish: (topic, commits) => siblings.publish(topic, commits),
    subscribe: async (topic, handler) => {
      count(topic, 1);
      const leaveOnce = once(() => count(topic, -1));
      try {
        const end = await siblings.subscribe(topic, handler);
        return async () => {
          leaveOnce();
          await end();
        };
      } catch (error) {
        leaveOnce();
        throw error;
      }
    },
    close: () => siblings.close(),
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
