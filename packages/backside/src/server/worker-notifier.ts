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
  /** Has the primary pass on what nodes tell each other under this name. */
  readonly join: (topic: string) => void;
}

/** The notifier of a worker whose primary links this node to others: what siblings hear other nodes hear as well. */
export function createWorkerNotifier({ siblings, broker, join }: WorkerNotifierOptions): Notifier {
  return {
    get betweenNodes() {
      return broker().betweenNodes;
    },
    get state() {
      const { up, dropped } = broker();
      return { up: up && siblings.state.up, dropped };
    },
    publish: (topic, commits) => siblings.publish(topic, commits),
    subscribe: (topic, handler) => {
      join(topic);
      return siblings.subscribe(topic, handler);
    },
    close: () => siblings.close(),
  };
}
