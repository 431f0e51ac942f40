import { text } from 'node:stream/consumers';
import { type Client, connect } from 'stompit';

/** A client over TCP, of a library that nobody here wrote. A refusal ends its connection. */
export class StompitClient {
  readonly #client: Client;
  #failure: Error | null = null;
  #fail: (error: Error) => void = () => {};

  private constructor(client: Client) {
    this.#client = client;
    client.on('error', (error: Error) => {
      this.#failure = error;
      this.#fail(error);
    });
  }

  /** Rejects with the message of the ERROR frame if the server refuses. */
  static async connect(port: number, connectHeaders: Record<string, string>): Promise<StompitClient> {
    const client = await new Promise<Client>((resolve, reject) => {
      connect({ host: '127.0.0.1', port, connectHeaders }, (error, connected) => {
        if (error === null) resolve(connected);
        else reject(error);
      });
    });
    return new StompitClient(client);
  }

  /** Resolves with the receipt; rejects with the message of the ERROR frame. */
  send(destination: string, value: unknown): Promise<void> {
    return this.#unlessEnded((resolve) => {
      this.#client.send({ destination }, { onReceipt: resolve }).end(JSON.stringify(value));
    });
  }

  /** What stands at the path. Rejects as `send`. */
  async read(destination: string): Promise<unknown> {
    const body = await this.#unlessEnded<string>((resolve, reject) => {
      this.#client.subscribe({ destination, ack: 'auto', once: 'true' }, (error, message) => {
        if (error === null) text(message).then(resolve, reject);
        else reject(error);
      });
    });
    return JSON.parse(body);
  }

  #unlessEnded<T>(begin: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      this.#fail = reject;
      begin(resolve, reject);
    });
  }

  close(): void {
    this.#client.destroy();
  }
}
