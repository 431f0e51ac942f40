import type { Headers } from './headers.js';

/** One frame as it was read. */
export interface Frame {
  readonly command: string;
  /** Decoded as the version demands. */
  readonly headers: Headers;
  /**
   * The octets of the body. A view of the chunk in which the frame arrived whenever it lay in one chunk: whoever keeps
   * it beyond the chunk's life, or hands out chunks that are written again, must copy it.
   */
  readonly body: Uint8Array;
}

/** CONNECT, STOMP and CONNECTED are never escaped, in any version, so that 1.0 peers can read them. */
export function isConnectCommand(command: string): boolean {
  return command === 'CONNECT' || command === 'STOMP' || command === 'CONNECTED';
}
