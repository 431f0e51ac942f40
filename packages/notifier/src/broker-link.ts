/**
 * One connection (or the few that belong together) to a broker. It is not repaired: once anything of it is lost all of it is over, and
 * another is opened. Messages on one topic arrive in the order in which one link sent them, at most once.
 */
export interface BrokerLink {
  /** The version that the server gives itself. */
  readonly serverVersion: string;
  /** The largest message that the server takes, if it has said so. */
  readonly maxMessageBytes?: number;
  /** Resolves once the broker has the message. Rejects if that is unknown, or never settles, when the link is lost. */
  send(topic: string, message: Uint8Array): Promise<void>;
  /** Resolves once no message that is sent to `topic` later can be missed. */
  subscribe(topic: string): Promise<void>;
  /** Takes effect in the order of calls, as `subscribe` does. */
  unsubscribe(topic: string): Promise<void>;
  /** Resolves once the broker has answered over every connection of the link, and is one that reaches the others. */
  check(): Promise<void>;
  /** Releases everything. May reject on a link that is lost already, having released what there was. */
  close(): Promise<void>;
}

/** What a link tells. Nothing is called once the link is lost or closed, as far as the receiver cares. */
export interface LinkEvents {
  /** What was sent to a topic that is subscribed to, maybe by this link itself. `bytes` are only valid during the call. */
  readonly message: (topic: string, bytes: Uint8Array) => void;
  /** Messages to this link were lost although it lives. */
  readonly missed: () => void;
  /** The broker takes no messages for now (true), or does again (false). */
  readonly blocked: (isBlocked: boolean) => void;
  readonly lost: (error: Error) => void;
}

export interface LinkRequest {
  /** One of the servers that the URL lists; another one at the next try. */
  readonly server: string;
  readonly events: LinkEvents;
  /** Aborted when the link is no longer wanted before it is open. */
  readonly signal: AbortSignal;
  /** How long opening may take. */
  readonly withinMs: number;
}

/** Opens a link. Whoever gets no link has nothing left open. */
export type OpenLink = (request: LinkRequest) => Promise<BrokerLink>;

/** In milliseconds. */
export interface LinkTiming {
  /** How long the first link is tried for. */
  readonly patienceMs: number;
  /** How long one try to open a link may take. */
  readonly openWithinMs: number;
  /** The longest wait before the first new try; a random part of it is waited, and of twice as much each time that it fails. */
  readonly retryFirstMs: number;
  readonly retryLastMs: number;
  /** How often a link is asked whether it lives, and how soon it has to answer. */
  readonly checkEveryMs: number;
  readonly answerWithinMs: number;
  /** How long `close` waits for what is queued, and for the broker to say good-bye. */
  readonly closeWithinMs: number;
}

export const DEFAULT_TIMING: LinkTiming = {
  patienceMs: 10_000,
  openWithinMs: 5_000,
  retryFirstMs: 200,
  retryLastMs: 10_000,
  checkEveryMs: 5_000,
  answerWithinMs: 5_000,
  closeWithinMs: 3_000,
};
