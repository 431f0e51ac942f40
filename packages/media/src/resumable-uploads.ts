import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Uploader } from './uploader.js';

/** Uploads in several requests, by the tus protocol 1.0 with the extensions creation, creation-with-upload, termination and expiration. */
export interface ResumableUploads {
  /** Answers a request for `/.uploads` or `/.uploads/ID` on behalf of the uploader, as long as they may send. */
  handle(request: IncomingMessage, response: ServerResponse, uploader: Uploader): Promise<void>;
}
