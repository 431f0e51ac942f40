/** The one class of stompit that the tests use; the package has no types. */
declare module 'stompit/lib/OutgoingFrameStream.js' {
  import type { Writable } from 'node:stream';

  export default class OutgoingFrameStream {
    constructor(destination: Writable);
    setVersion(version: string): boolean;
    frame(command: string, headers: Record<string, string>): { end(body: string | Uint8Array): void };
  }
}
