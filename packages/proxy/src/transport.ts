import type { ErrorCode } from '@backside/protocol';

/**
 * How a STOMP frame is put into the octets that a transport writes.
 * - `none`: as it is; frames may be joined.
 * - `websocket`: with the header of an unmasked websocket text frame; they may be joined.
 * - `message`: as it is, and each `write` is exactly one frame.
 */
export type Framing = 'none' | 'websocket' | 'message';

/** Why a connection is closed: a code of the error table, or nothing special. */
export type CloseReason = ErrorCode | 'done';

/** One connection as a session sees it: octets in, octets out, close. Calls after `close` or `destroy` have no effect. */
export interface Transport {
  readonly framing: Framing;
  readonly remoteAddress: string;
  /** Octets handed to `write` that the system has not taken yet. */
  readonly queuedBytes: number;
  /** Starts to deliver events, in order, never during this call. */
  start(events: TransportEvents): void;
  /** Queues octets behind those of earlier calls. The buffer may be shared with other connections. */
  write(octets: Uint8Array): void;
  /** From now on refuses a single message of more octets (inflated) from the peer. No effect where there are no messages. */
  limitMessages(bytes: number): void;
  /** A hint that nothing more can be taken now; some events may still come. */
  pauseReading(): void;
  resumeReading(): void;
  /** Sends what is queued, says goodbye in the way of the transport, and lingers shortly so that nothing sent is lost. */
  close(reason: CloseReason): void;
  /** Lets go of everything at once. */
  destroy(): void;
}

/** What a transport tells its session. */
export interface TransportEvents {
  received(octets: Uint8Array): void;
  /** After more had been queued than the system takes at once: the queue is empty. */
  drained(): void;
  /** The peer will send no more, but may still read. */
  peerEnded(): void;
  /** Neither direction works any more. Always the last event, and always comes. */
  closed(): void;
}
