import type { Principal } from '@backside/protocol';

/** Who uploads, for as long as the bytes take to arrive. */
export interface Uploader {
  /** Who they are by now. Throws `unauthenticated` once their credential holds no more. */
  current(): Principal;
}
