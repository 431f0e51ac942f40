import type { IndexDefinition } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import type { Ports } from './edges.js';
import type { BrokerState } from './worker-notifier.js';

/** What the primary tells a worker on the channel `control`. */
export type ToWorker =
  | {
      readonly kind: 'start';
      readonly config: ServerConfig;
      /** Names the worker. */
      readonly nodeId: string;
      /** Names the node, of which it is a part. */
      readonly node: string;
      /** Whether it runs what one process of the node does for all: jobs, the crontab, functions. */
      readonly leads: boolean;
    }
  /** Drain, close, and end. `retiring`: others serve on, so this one takes no more connections from now on. */
  | { readonly kind: 'stop'; readonly retiring: boolean }
  /** Settings that are put in force at once. */
  | { readonly kind: 'reload'; readonly config: ServerConfig }
  /** What became of a request to steer the server: the names of changed settings, or why not. */
  | { readonly kind: 'steered'; readonly id: number; readonly outcome: SteerOutcome }
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
  /** Takes part no more. Ending the process says the same. */
  | { readonly kind: 'leave'; readonly topic: string }
  /** Asks for the metrics of all workers. */
  | { readonly kind: 'metrics'; readonly id: number }
  /** Asks that the workers be replaced, or that the settings be read again. */
  | { readonly kind: 'steer'; readonly id: number; readonly what: 'restart' | 'reload' };

export type SteerOutcome = { readonly changed: readonly string[] } | { readonly refusal: string };

export const CONTROL_CHANNEL = 'control';
export const NOTIFICATIONS_CHANNEL = 'notifications';
export const SIBLINGS_CHANNEL = 'siblings';

export function journalChannel(database: string): string {
  return `journal ${database}`;
}
