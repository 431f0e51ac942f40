import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import { request } from './mongo-error.js';

/** Beyond the time that the library itself gives a question to a server, in milliseconds. */
const GRACE_MS = 1_000;
/** Between two tries to connect again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Connects a client anew whose own watch over its servers stands still. The library asks each server now and then whether it is there;
 * a question written to a socket that is being destroyed just then is neither answered nor given up (`mongodb` 7.9 waits for the socket
 * to drain), and until it is, no request finds the server again. Servers that answer such questions at once only are concerned, as
 * FerretDB does.
 */
export class ClientWatch {
  readonly #client: MongoClient;
  readonly #answerMs: number;
  /** What will happen if a server has not answered by then, by its address. */
  readonly #overdue = new Map<string, NodeJS.Timeout>();
  #reconnecting: Promise<void> | null = null;
  #closed = false;

  /** `timeoutMs` is what the client gives a question. */
  constructor(client: MongoClient, timeoutMs: number) {
    this.#client = client;
    this.#answerMs = timeoutMs + GRACE_MS;
    client.on('serverHeartbeatStarted', ({ connectionId, awaited }) => {
      if (!awaited) this.#expect(connectionId);
    });
    client.on('serverHeartbeatSucceeded', ({ connectionId }) => this.#answered(connectionId));
    client.on('serverHeartbeatFailed', ({ connectionId }) => this.#answered(connectionId));
  }

  /** Closes the client. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    await this.#reconnecting;
    await request(() => this.#client.close());
  }

  #expect(address: string): void {
    this.#answered(address);
    const reconnect = (): void => {
      this.#reconnecting ??= this.#reconnect().finally(() => {
        this.#reconnecting = null;
      });
    };
    this.#overdue.set(address, setTimeout(reconnect, this.#answerMs).unref());
  }

  #answered(address: string): void {
    clearTimeout(this.#overdue.get(address));
    this.#overdue.delete(address);
  }

  #forget(): void {
    for (const address of [...this.#overdue.keys()]) this.#answered(address);
  }

  async #reconnect(): Promise<void> {
    this.#forget();
    await this.#client.close().catch(() => undefined); // what it held is gone already
    while (!this.#closed) {
      try {
        await this.#client.connect();
        return;
      } catch {
        await sleep(RETRY_MS, undefined, { ref: false }); // who asks is told meanwhile that it is not connected
      }
    }
  }
}
