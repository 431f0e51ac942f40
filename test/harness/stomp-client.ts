/**
 * A raw STOMP client for black-box checks: it writes whatever it is told and reads with a reader of its own, so that
 * nothing of the server's code vouches for the server. Every frame it gets goes through the audits of `stomp-audit.ts`.
 */
import { connect as connectSocket, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { escapeText, FrameReader, type ReceivedFrame, type Version } from './stomp-reader.js';

export type { ReceivedFrame, Version } from './stomp-reader.js';

/** How a connection ended. `code` is that of the websocket's close frame; `orderly` false means a reset. */
export interface Ending {
  readonly code?: number;
  readonly orderly: boolean;
}

interface WireEvents {
  data(octets: Buffer, binary: boolean | undefined): void;
  end(ending: Ending): void;
}

/** A byte stream (TCP) or a stream of messages (websocket). */
export interface Wire {
  readonly kind: 'tcp' | 'websocket';
  /** A string goes out as UTF-8, over a websocket as a text message; a Buffer as a binary message. */
  write(data: string | Buffer): void;
  /** TCP: sends FIN and goes on reading. Websocket: begins the closing handshake. */
  end(): void;
  /** Drops the connection at once. */
  destroy(): void;
  pause(): void;
  resume(): void;
}

export type Headers = readonly (readonly [string, string])[] | Readonly<Record<string, string>>;

const PATIENCE_MS = 5_000;

interface Waiter {
  readonly accepts: (frame: ReceivedFrame) => boolean;
  readonly resolve: (frame: ReceivedFrame) => void;
  readonly reject: (error: Error) => void;
}

/** A frame to be written as text: what a check wants to say, whether legal or not. */
function frameText(command: string, headers: Headers, body = '', version: Version | null = null): string {
  const entries = Array.isArray(headers) ? headers : Object.entries(headers);
  const lines = entries.map(([name, value]) => `${escapeText(name, version)}:${escapeText(value, version)}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

export class StompClient {
  readonly wire: Wire;
  readonly reader: FrameReader = new FrameReader();
  /** All frames in the order of their arrival. */
  readonly received: ReceivedFrame[] = [];
  /** How the connection ended, once it has. */
  readonly closed: Promise<Ending>;
  ending: (Ending & { readonly at: number }) | null = null;
  /** When each chunk or message came, for heart-beats. */
  readonly arrivals: number[] = [];
  /** Each websocket message: whether it was binary, and whether it ended within a frame. */
  readonly messages: { readonly binary: boolean; readonly whole: boolean; readonly octets: Buffer }[] = [];
  readonly #inbox: ReceivedFrame[] = [];
  readonly #waiters: Waiter[] = [];
  #receipts = 0;

  private constructor(open: (events: WireEvents) => Wire) {
    let finish: (ending: Ending) => void = () => {};
    this.closed = new Promise((resolve) => {
      finish = resolve;
    });
    this.wire = open({
      data: (octets, binary) => this.#data(octets, binary),
      end: (ending) => {
        if (this.ending !== null) return;
        this.ending = { ...ending, at: performance.now() };
        finish(ending);
        for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#missing('the connection ended'));
      },
    });
  }

  /** Connects over TCP; nothing is sent. */
  static async tcp(port: number): Promise<StompClient> {
    const socket = connectSocket({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new StompClient((events) => tcpWire(socket, events));
    await opened(socket, 'connect');
    return client;
  }

  /** Opens a websocket; nothing is sent over it. */
  static async websocket(
    url: string,
    protocols: string[] = ['v12.stomp', 'v11.stomp', 'v10.stomp'],
  ): Promise<StompClient> {
    const socket = new WebSocket(url, protocols, { perMessageDeflate: false });
    const client = new StompClient((events) => websocketWire(socket, events));
    await opened(socket, 'open');
    return client;
  }

  /** What CONNECTED agreed on; null before. */
  get version(): Version | null {
    return this.reader.version;
  }

  get error(): ReceivedFrame | undefined {
    return this.received.find((frame) => frame.command === 'ERROR');
  }

  /** Writes octets as they are. */
  write(data: string | Buffer): void {
    this.wire.write(data);
  }

  /** Writes a frame whose headers are escaped for the session's version (CONNECT's never). No content-length is added. */
  send(command: string, headers: Headers = {}, body = ''): void {
    const version = command === 'CONNECT' || command === 'STOMP' ? null : this.version;
    this.write(frameText(command, headers, body, version));
  }

  /** Sends with a receipt header and waits for its RECEIPT; an ERROR instead rejects. */
  async request(command: string, headers: Headers = {}, body = ''): Promise<ReceivedFrame> {
    const receipt = `receipt ${this.#receipts++}`;
    const entries = Array.isArray(headers) ? headers : Object.entries(headers);
    this.send(command, [...entries, ['receipt', receipt]], body);
    return this.receipt(receipt);
  }

  /** The RECEIPT of this id. */
  receipt(id: string): Promise<ReceivedFrame> {
    return this.take(`RECEIPT ${id}`, (frame) => frame.command === 'RECEIPT' && frame.headers.get('receipt-id') === id);
  }

  /** The next MESSAGE, of the named subscription if one is named. */
  message(subscription?: string): Promise<ReceivedFrame> {
    return this.take(
      `MESSAGE ${subscription ?? ''}`,
      (frame) =>
        frame.command === 'MESSAGE' &&
        (subscription === undefined || frame.headers.get('subscription') === subscription),
    );
  }

  /** The ERROR, and then the end of the connection. */
  async refusal(): Promise<ReceivedFrame> {
    const frame = await this.take('ERROR', ({ command }) => command === 'ERROR');
    await this.end();
    return frame;
  }

  /** Waits until the server has closed the connection. */
  end(): Promise<Ending> {
    return within(this.closed, () => this.#missing('the connection is still open'));
  }

  /** Removes and returns the first frame that is accepted; frames before it stay for others. */
  take(what: string, accepts: (frame: ReceivedFrame) => boolean): Promise<ReceivedFrame> {
    const index = this.#inbox.findIndex(accepts);
    if (index >= 0) return Promise.resolve(this.#inbox.splice(index, 1)[0]!);
    if (this.ending !== null) return Promise.reject(this.#missing(`the connection ended before ${what}`));
    const arrival = new Promise<ReceivedFrame>((resolve, reject) => this.#waiters.push({ accepts, resolve, reject }));
    return within(arrival, () => this.#missing(`no ${what}`));
  }

  /** Frames that came and were not taken. */
  get pending(): readonly ReceivedFrame[] {
    return this.#inbox;
  }

  /** Drops the connection at once, as a client that crashes. */
  destroy(): void {
    this.wire.destroy();
  }

  #data(octets: Buffer, binary: boolean | undefined): void {
    this.arrivals.push(performance.now());
    for (const frame of this.reader.push(octets)) {
      this.received.push(frame);
      const index = this.#waiters.findIndex((waiter) => waiter.accepts(frame));
      if (index >= 0) this.#waiters.splice(index, 1)[0]!.resolve(frame);
      else if (frame.command === 'ERROR') this.#fail(frame);
      else this.#inbox.push(frame);
    }
    if (binary !== undefined) this.messages.push({ binary, whole: this.reader.betweenFrames, octets });
  }

  /** An ERROR ends all hope of those who wait for something else. */
  #fail(frame: ReceivedFrame): void {
    this.#inbox.push(frame);
    const text = `${frame.headers.get('message')}: ${frame.text}`;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#missing(`an ERROR came (${text})`));
  }

  #missing(what: string): Error {
    const got = this.received.slice(-8).map((frame) => `${frame.lines.join(' | ')} ${frame.text.slice(0, 80)}`);
    return new Error(`${what}; received so far (${this.received.length}):\n${got.join('\n')}`);
  }
}

async function within<Value>(promise: Promise<Value>, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), PATIENCE_MS);
  });
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer));
}

function opened(target: Socket | WebSocket, event: 'connect' | 'open'): Promise<void> {
  return new Promise((resolve, reject) => {
    target.once(event, () => resolve());
    target.once('error', reject);
  });
}

function tcpWire(socket: Socket, events: WireEvents): Wire {
  let reset = false;
  let finished = false;
  socket.on('data', (octets) => events.data(octets, undefined));
  socket.on('error', () => {
    reset = true;
  });
  socket.on('end', () => {
    finished = true;
    events.end({ orderly: true });
    socket.end();
  });
  socket.on('close', () => events.end({ orderly: finished && !reset }));
  return {
    kind: 'tcp',
    write: (data) => void socket.write(data),
    end: () => void socket.end(),
    destroy: () => void socket.resetAndDestroy(),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
  };
}

function websocketWire(socket: WebSocket, events: WireEvents): Wire {
  socket.on('message', (data, isBinary) => events.data(data as Buffer, isBinary));
  socket.on('close', (code) => events.end({ code, orderly: code !== 1006 }));
  socket.on('error', () => {
    // Always followed by `close`, which tells how it ended.
  });
  return {
    kind: 'websocket',
    write: (data) => socket.send(data, { binary: typeof data !== 'string' }),
    end: () => socket.close(1000),
    destroy: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
