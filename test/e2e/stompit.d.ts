/** What the tests use of stompit; the package has no types. */
declare module 'stompit' {
  import type { EventEmitter } from 'node:events';
  import type { Readable, Writable } from 'node:stream';

  export interface Client extends EventEmitter {
    send(headers: Record<string, string>, options: { onReceipt: () => void }): Writable;
    subscribe(
      headers: Record<string, string>,
      onMessage: (error: Error | null, message: Readable & { readonly headers: Record<string, string> }) => void,
    ): unknown;
    destroy(): void;
  }

  export function connect(
    options: { host: string; port: number; connectHeaders: Record<string, string> },
    connected: (error: Error | null, client: Client) => void,
  ): Client;
}
