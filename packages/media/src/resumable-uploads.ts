import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '@backside/protocol';

/** Uploads in several requests, by the tus protocol 1.0 with the extensions creation, creation-with-upload, termination and expiration. */
export interface ResumableUploads {
  /** Answers a request for `/.uploads` or `/.uploads/ID` on behalf of the principal. */
  handle(request: IncomingMessage, response: ServerResponse, principal: Principal): Promise<void>;
}
