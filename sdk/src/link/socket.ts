/**
 * Bytes both ways, with nothing of STOMP in it. The owner sets the three handlers before it returns to the event loop; none is
 * called before that. `onClose` is called exactly once, also when the connection never opened or `close` was called.
 */
export interface Socket {
  /** Takes octets while open. They must not be changed afterwards. */
  send(data: Uint8Array | string): void;
  /** Lets what was sent go out, then ends the connection. */
  close(): void;
  onOpen: (() => void) | null;
  /** Octets as they come, cut anywhere; text stands for its UTF-8. */
  onData: ((data: Uint8Array | string) => void) | null;
  /** The reason is for people. `tooLong`: a message was longer than the other side takes. */
  onClose: ((reason: string, tooLong?: boolean) => void) | null;
}

/** Begins to connect. Throws only if the URL is not one that it can serve. */
export type SocketFactory = (url: string) => Socket;
