import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { clientFrame } from '../harness/load-client.js';

const CONNECT = Buffer.from('CONNECT\naccept-version:1.2\nhost:localhost\nheart-beat:0,0\n\n\0');

/** What a connection came to. */
export interface Outcome {
  /** What the server said, as Latin-1; the beginning of it if it was much. */
  readonly text: string;
  readonly milliseconds: number;
}

/** A connection for octets that no decent client sends. */
export class HostileClient {
  readonly socket: Socket;
  readonly #websocket: boolean;
  readonly #start: number = performance.now();
  readonly #closed: Promise<void>;
  #text = '';

  private constructor(socket: Socket, websocket: boolean) {
    this.socket = socket;
    this.#websocket = websocket;
    socket.on('error', () => socket.destroy());
    socket.on('data', (octets) => {
      if (this.#text.length < 65_536) this.#text += octets.toString('latin1');
    });
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async tcp(port: number): Promise<HostileClient> {
    return new HostileClient(await connected(port), false);
  }

  /** A websocket up to and including the server's agreement; `extensions` are offered. */
  static async websocket(port: number, extensions?: string): Promise<HostileClient> {
    const socket = await connected(port);
    socket.write(
      'GET /stomp HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: v12.stomp\r\n' +
        `${extensions === undefined ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`,
    );
    const client = new HostileClient(socket, true);
    await client.saw('\r\n\r\n');
    return client;
  }

  /** What the server has said so far. */
  get text(): string {
    return this.#text;
  }

  /** Sends a CONNECT that the server accepts. */
  connect(): void {
    this.send(CONNECT);
  }

  /** Sends octets, over a websocket as one binary message. */
  send(octets: Buffer): void {
    this.write(this.#websocket && octets.length > 0 ? clientFrame(octets, 2) : octets);
  }

  /** Sends octets as they are. */
  write(octets: Buffer | string): void {
    if (this.socket.writable) this.socket.write(octets);
  }

  /** Writes as fast as the server reads, until all is written or the connection has ended. */
  async pour(octets: Iterable<Buffer>): Promise<void> {
    for (const part of octets) {
      if (this.socket.destroyed || !this.socket.writable) return;
      if (!this.socket.write(part))
        await Promise.race([once(this.socket, 'drain').catch(() => undefined), this.#closed]);
    }
  }

  /** Waits until the server has said `text` or the connection has ended. */
  async saw(text: string, timeoutMs = 20_000): Promise<void> {
    const end = performance.now() + timeoutMs;
    while (!this.#text.includes(text) && !this.socket.destroyed) {
      if (performance.now() > end)
        throw new Error(`the server did not say ${JSON.stringify(text)} within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Sends FIN and waits for the server's. Rejects when the server leaves the connection open. */
  async finish(timeoutMs = 20_000): Promise<Outcome> {
    this.socket.end();
    return this.end(timeoutMs);
  }

  /** Waits until the server has closed the connection. */
  async end(timeoutMs = 20_000): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`the connection is still open after ${timeoutMs} ms`)), timeoutMs);
    });
    await Promise.race([this.#closed, late]).finally(() => {
      clearTimeout(timer);
      this.socket.destroy();
    });
    return { text: this.#text, milliseconds: performance.now() - this.#start };
  }
}

async function connected(port: number): Promise<Socket> {
  const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}
