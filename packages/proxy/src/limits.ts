import type { QuotaLimits } from '@backside/auth';
import { LIMITS_AFTER_CONNECT, type ParserLimits } from '@backside/stomp';

/** What one connection, and all of them together, may take. Every number can be `Infinity`, which lifts that limit. */
export interface ProxyLimits {
  /** Connections at a time. */
  readonly connections: number;
  /** Connections at a time from one address, or from one /64 network of IPv6. */
  readonly connectionsPerAddress: number;
  /** How long a client may take from its first octet to the end of signing in. */
  readonly logInTimeoutMs: number;
  /** What a client may send before its CONNECT has been read whole. */
  readonly bytesBeforeConnect: number;
  /** Subscriptions at a time on one connection. */
  readonly subscriptions: number;
  /** Open transactions at a time on one connection. */
  readonly transactions: number;
  /** SENDs, and as many ACKs, in one transaction. */
  readonly transactionSteps: number;
  /** Bodies and headers of all open transactions on one connection together. */
  readonly transactionBytes: number;
  /** Unanswered frames of one connection, beyond which nothing is read from it until some are answered. */
  readonly unansweredFrames: number;
  /** Bodies and headers of unanswered frames of one connection together, with the same effect. */
  readonly unansweredBytes: number;
  /** Unacknowledged events of a subscription in a client ack mode that names no `prefetch-count`, and the highest that it may name. */
  readonly unacknowledgedEvents: number;
  /** Frames per second on one connection; twice as many may come at once. */
  readonly framesPerSecond: number;
  /** Bytes per second from one connection; twice as many may come at once. */
  readonly bytesPerSecond: number;
  /** What one user of one database may take, over all connections. Admins are not limited. */
  readonly perUser: QuotaLimits;
  /**
   * What may come from one address (of IPv6 one /64 network), whoever signs in there, admins excepted. Many people may share
   * an address, and for who has not signed in this is the only quota.
   */
  readonly perAddress: QuotaLimits;
  /** How long before a credential ends its holder is told; a fifth of the credential's life if that is shorter. */
  readonly expiryNoticeMs: number;
  /** One incoming websocket message, inflated; before CONNECT it is `bytesBeforeConnect`. */
  readonly websocketMessageBytes: number;
  /** Output waiting for a connection beyond which its events are coalesced instead of queued. */
  readonly softQueueBytes: number;
  /** Output waiting, not counting the largest single frame, beyond which the connection is closed. */
  readonly hardQueueBytes: number;
  /** How long a connection may stay above `softQueueBytes`. */
  readonly stallTimeoutMs: number;
  /** What one frame may hold once the client has connected. */
  readonly frames: ParserLimits;
}

export const DEFAULT_PROXY_LIMITS: ProxyLimits = {
  connections: 100_000,
  connectionsPerAddress: 50_000,
  logInTimeoutMs: 10_000,
  bytesBeforeConnect: 64 * 1024,
  subscriptions: 1_000,
  transactions: 32,
  transactionSteps: 1_024,
  transactionBytes: 16 * 1024 * 1024,
  unansweredFrames: 1_000,
  unansweredBytes: 32 * 1024 * 1024,
  unacknowledgedEvents: 1_000,
  framesPerSecond: 100_000,
  bytesPerSecond: 128 * 1024 * 1024,
  perUser: { operationsPerSecond: 20_000, bytesPerSecond: 64 * 1024 * 1024, listens: 20_000 },
  perAddress: { operationsPerSecond: 400_000, bytesPerSecond: 512 * 1024 * 1024, listens: 500_000 },
  expiryNoticeMs: 60_000,
  websocketMessageBytes: 17 * 1024 * 1024,
  softQueueBytes: 256 * 1024,
  hardQueueBytes: 16 * 1024 * 1024,
  stallTimeoutMs: 60_000,
  frames: LIMITS_AFTER_CONNECT,
};
