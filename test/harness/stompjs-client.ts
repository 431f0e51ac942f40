import { Client, type IMessage, type StompHeaders } from '@stomp/stompjs';
import { WebSocket } from 'ws';

const PATIENCE_MS = 10_000;

/** What `/.errors` tells of. */
export interface Refusal {
  readonly code: string;
  readonly trace?: string;
  readonly subscription?: string;
}

/** One listen of a client: what it was told, and how it ended. */
export interface Listen {
  readonly bodies: unknown[];
  readonly refusal: () => Refusal | null;
}

/**
 * A websocket client of a library that nobody here wrote, which listens to `/.errors` so that refusals do not end its connection.
 */
export class StompjsClient {
  readonly #client: Client;
  readonly refusals: Refusal[] = [];
  #receipts = 0;
  #listens = 0;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Rejects with the message of the ERROR frame if the server refuses. */
  static async connect(url: string, connectHeaders: StompHeaders = {}): Promise<StompjsClient> {
    const client = new Client({
      webSocketFactory: () => new WebSocket(url, ['v12.stomp']),
      connectHeaders,
      reconnectDelay: 0,
      heartbeatIncoming: 0,
      heartbeatOutgoing: 0,
    });
    await new Promise<void>((resolve, reject) => {
      client.onConnect = () => resolve();
      client.onStompError = (frame) => reject(new Error(frame.headers.message ?? frame.body));
      client.onWebSocketClose = () => reject(new Error('closed before it was connected'));
      client.activate();
    });
    client.onStompError = () => {};
    client.onWebSocketClose = () => {};
    const connected = new StompjsClient(client);
    client.subscribe('/.errors', (message) => {
      connected.refusals.push(JSON.parse(message.body) as Refusal);
    });
    return connected;
  }

  /** Resolves when the server serves it; rejects with the code if it is refused. */
  async listen(path: string, headers: StompHeaders = {}): Promise<Listen> {
    const id = `listen-${++this.#listens}`;
    const bodies: unknown[] = [];
    const take = (message: IMessage): void => {
      bodies.push(message.body === '' ? undefined : JSON.parse(message.body));
    };
    this.#client.subscribe(path, take, { ...headers, id });
    const refusal = (): Refusal | null => this.refusals.find(({ subscription }) => subscription === id) ?? null;
    await until(() => bodies.length > 0 || refusal() !== null, `an answer to the listen of ${path}`);
    return { bodies, refusal };
  }

  /** Sends a value; resolves with null, or with the refusal. */
  async send(destination: string, value: unknown, headers: StompHeaders = {}): Promise<Refusal | null> {
    const receipt = `receipt-${++this.#receipts}`;
    let done = false;
    const before = this.refusals.length;
    this.#client.watchForReceipt(receipt, () => {
      done = true;
    });
    this.#client.publish({ destination, body: JSON.stringify(value), headers: { ...headers, receipt } });
    await until(() => done || this.refusals.length > before, `an answer to the send to ${destination}`);
    return done ? null : this.refusals.at(-1)!;
  }

  get connected(): boolean {
    return this.#client.connected;
  }

  async close(): Promise<void> {
    await this.#client.deactivate({ force: true });
  }
}

/** Waits until something is true; rejects if it is not within ten seconds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
