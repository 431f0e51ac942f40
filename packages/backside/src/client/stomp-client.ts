import { DATABASE_HEADER, HEADERS } from '@backside/protocol';
import { type Frame, FrameParser, type Headers, LIMITS_AFTER_CONNECT, writeFrame } from '@backside/stomp';
import type { ServerUrl } from './server-url.js';
import { unreachable } from './unreachable.js';
import { openWire, type Wire } from './wire.js';

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();
const VERSION = '1.2';
/** States can be far larger than writes. */
const LIMITS = { ...LIMITS_AFTER_CONNECT, maxBodyBytes: 2 ** 31 - 1 };

export interface StompClientOptions {
  readonly url: ServerUrl;
  /** The database, by name; the server's first one if null. */
  readonly database: string | null;
  readonly token: string | null;
}

/** One MESSAGE. */
export interface Message {
  readonly headers: Headers;
  readonly body: string;
}

type HeaderList = readonly (readonly [name: string, value: string])[];

/** What the server refused, with its code from the table of errors, or how the connection was lost. */
export class StompClientError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null) {
    super(message);
    this.name = 'StompClientError';
    this.code = code;
  }
}

/** Connects and signs in. Rejects with `StompClientError` if the server refuses, else with an error that names its URL. */
export async function connectStomp(options: StompClientOptions): Promise<StompClient> {
  const session = new Session();
  try {
    const wire = await openWire(options.url, {
      bytes: (chunk) => session.receive(chunk),
      closed: (error) => session.lost(error),
    });
    return await session.start(wire, options);
  } catch (error) {
    if (error instanceof StompClientError && error.code !== null) throw error;
    throw unreachable(options.url.origin, error as Error);
  }
}

/** A connection to a server: writes that wait for their receipts, and subscriptions. Any ERROR ends it. */
export interface StompClient {
  /** Resolves with the connection's end; null if it was closed in order. */
  readonly closed: Promise<Error | null>;
  /** Sends a frame and resolves with the headers of its RECEIPT. */
  request(command: string, headers: HeaderList, body?: string): Promise<Headers>;
  /** Sends a frame and waits for nothing; a refusal shows in the next request. */
  send(command: string, headers: HeaderList, body?: string): void;
  /** Subscribes; `onMessage` is called for each MESSAGE. The returned function unsubscribes. */
  subscribe(destination: string, headers: HeaderList, onMessage: (message: Message) => void): () => void;
  /** Says goodbye, waits for the receipt, closes. */
  close(): Promise<void>;
}

interface Pending {
  resolve(headers: Headers): void;
  reject(error: Error): void;
}

class Session implements StompClient {
  readonly closed: Promise<Error | null>;
  readonly #parser = new FrameParser({ limits: LIMITS, onFrame: (frame) => this.#frame(frame) });
  readonly #receipts = new Map<string, Pending>();
  readonly #subscriptions = new Map<string, (message: Message) => void>();
  #end!: (error: Error | null) => void;
  #wire: Wire | null = null;
  #failure: Error | null = null;
  #ended = false;
  #closing = false;
  #nextId = 1;

  constructor() {
    this.#parser.version = VERSION;
    this.closed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async start(wire: Wire, { url, database, token }: StompClientOptions): Promise<StompClient> {
    this.#wire = wire;
    const headers: [string, string][] = [
      ['accept-version', VERSION],
      ['host', database ?? url.host],
      ['heart-beat', '0,0'],
    ];
    if (token !== null) headers.push([HEADERS.token, token]);
    const connected = this.#expect('CONNECTED');
    this.send('CONNECT', headers);
    const served = (await connected).get(DATABASE_HEADER);
    if (database === null || served === undefined || served === database) return this;
    wire.close(); // a server takes a name that it does not know for its first database
    throw new StompClientError(`${url.origin} has no database named ${database}`, 'not-found');
  }

  request(command: string, headers: HeaderList, body?: string): Promise<Headers> {
    const id = `r${this.#nextId++}`;
    const receipt = this.#expect(id);
    this.send(command, [...headers, ['receipt', id]], body);
    return receipt;
  }

  send(command: string, headers: HeaderList, body?: string): void {
    if (this.#ended) return;
    const frame = { command, headers, ...(body !== undefined && { body: ENCODER.encode(body) }) };
    this.#wire?.send(writeFrame(frame, VERSION));
  }

  subscribe(destination: string, headers: HeaderList, onMessage: (message: Message) => void): () => void {
    const id = `s${this.#nextId++}`;
    this.#subscriptions.set(id, onMessage);
    this.send('SUBSCRIBE', [['id', id], ['destination', destination], ...headers]);
    return () => {
      if (this.#subscriptions.delete(id)) this.send('UNSUBSCRIBE', [['id', id]]);
    };
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#closing = true;
    await this.request('DISCONNECT', []);
    this.#wire?.close();
    await this.closed;
  }

  receive(chunk: Uint8Array): void {
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.#fail(error as Error);
      this.#wire?.close();
    }
  }

  lost(error: Error | null): void {
    this.#fail(error ?? new StompClientError('the server closed the connection', null));
  }

  #expect(id: string): Promise<Headers> {
    return new Promise((resolve, reject) => {
      if (this.#ended) reject(this.#failure ?? new StompClientError('the connection is closed', null));
      else this.#receipts.set(id, { resolve, reject });
    });
  }

  #frame({ command, headers, body }: Frame): void {
    if (command === 'MESSAGE') {
      this.#subscriptions.get(headers.get('subscription') ?? '')?.({ headers, body: DECODER.decode(body) });
    } else if (command === 'ERROR') {
      const detail = DECODER.decode(body).trim();
      const message = headers.get('message') ?? 'the server reported an error';
      const said = detail === '' || detail.startsWith(message) ? detail || message : `${message}: ${detail}`;
      this.#fail(new StompClientError(said, headers.get(HEADERS.code) ?? null));
    } else {
      const id = command === 'CONNECTED' ? command : (headers.get('receipt-id') ?? '');
      this.#receipts.get(id)?.resolve(headers);
      this.#receipts.delete(id);
    }
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = this.#closing && this.#receipts.size === 0 ? null : error;
    for (const { reject } of this.#receipts.values()) reject(error);
    this.#receipts.clear();
    this.#end(this.#failure);
  }
}
