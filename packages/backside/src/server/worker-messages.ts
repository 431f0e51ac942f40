import type { IndexDefinition } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import type { Ports } from './edges.js';
import type { BrokerState } from './worker-notifier.js';

/** What the primary tells a worker on the channel `control`. */
export type ToWorker =
  | { readonly kind: 'start'; readonly config: ServerConfig; readonly nodeId: string }
  /** Drain, close, and end. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'metrics'; readonly id: number; readonly text: string | null }
  /** How the notifier between nodes is; told before `start`, and when it changes. */
  | { readonly kind: 'broker'; readonly state: BrokerState };

/** What a worker tells the primary on the channel `control`. */
export type ToPrimary =
  /** Listens for messages. */
  | { readonly kind: 'born' }
  | { readonly kind: 'ready'; readonly ports: Ports }
  | { readonly kind: 'failed'; readonly message: string }
  /** Which indexes the rules of a database ask for. */
  | { readonly kind: 'indexes'; readonly database: string; readonly definitions: readonly IndexDefinition[] }
  /** Asks to take part in what nodes tell each other under this name. */
  | { readonly kind: 'join'; readonly topic: string }
  /** Asks for the metrics of all workers. */
  | { readonly kind: 'metrics'; readonly id: number };

export const CONTROL_CHANNEL = 'control';
export const NOTIFICATIONS_CHANNEL = 'notifications';
export const SIBLINGS_CHANNEL = 'siblings';

export function journalChannel(database: string): string {
  return `journal ${database}`;
}
