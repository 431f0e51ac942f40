import type { IncomingHttpHeaders } from 'node:http';
import type { Json } from '@backside/tree';

/** A request, from whatever carries it: HTTP, or a frame of a websocket. */
export interface LegacyRequest {
  /** In upper case. */
  readonly method: string;
  /** Path and query exactly as sent: signatures are made over these bytes. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The client's address, by trusted proxies only. */
  readonly address: string;
  /** Whether the client came over TLS, here or to a trusted proxy. */
  readonly secure: boolean;
  /** Null if there is none. */
  readonly body: AsyncIterable<Uint8Array> | null;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Where more than one answer can be sent: hands one over. Null on HTTP. */
  readonly push: ((value: Json) => void) | null;
}
