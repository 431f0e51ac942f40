import { connect as connectSocket, type Socket } from 'node:net';
import { FrameReader, type ReceivedFrame } from '../harness/stomp-reader.js';

type Headers = Readonly<Record<string, string>>;

/** The connection ended, or the server refused something, before what was waited for came. */
export class SessionEnded extends Error {}

type Resolve = (frame: ReceivedFrame) => void;

const PATIENCE_MS = 30_000;

/** A STOMP 1.2 session over TCP that keeps nothing: frames go to who waits for their receipt, or to `onMessage`. */
export class Session {
  readonly socket: Socket;
  /** The history that the server's revisions belong to. */
  epoch = '';
  onMessage: (frame: ReceivedFrame) => void = () => {};
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #reader: FrameReader = new FrameReader();
  readonly #receipts: Map<string, Resolve> = new Map();
  #receipt = 0;
  readonly #failures: Set<(error: SessionEnded) => void> = new Set();
  #connected: Resolve | null = null;
  #ended = false;

  private constructor(port: number) {
    this.socket = connectSocket({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (octets) => this.#read(octets));
    this.socket.on('error', () => this.socket.destroy());
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.#end('the connection ended');
        resolve();
      });
    });
  }

  /** Connects and waits for CONNECTED. Rejects with `SessionEnded` if the server is not there or goes away. */
  static async open(port: number): Promise<Session> {
    const session = new Session(port);
    const connected = new Promise<ReceivedFrame>((resolve) => {
      session.#connected = resolve;
    });
    session.write('CONNECT', { 'accept-version': '1.2', host: 'localhost', 'heart-beat': '0,0' });
    const frame = await session.#patiently(connected, 'CONNECTED');
    session.epoch = frame.headers.get('epoch') ?? '';
    return session;
  }

  get ended(): boolean {
    return this.#ended;
  }

  write(command: string, headers: Headers, body = ''): void {
    let head = `${command}\n`;
    for (const [name, value] of Object.entries(headers))
      head += `${escapeHeader(name)}:${command === 'CONNECT' ? value : escapeHeader(value)}\n`;
    this.socket.write(`${head}${body === '' ? '' : `content-length:${Buffer.byteLength(body)}\n`}\n${body}\0`);
  }

  /** Writes a frame with a receipt header and waits for its RECEIPT. Rejects with `SessionEnded`. */
  request(command: string, headers: Headers, body = ''): Promise<ReceivedFrame> {
    if (this.#ended) return Promise.reject(new SessionEnded('the connection has ended'));
    this.#receipt += 1;
    const receipt = String(this.#receipt);
    const answer = new Promise<ReceivedFrame>((resolve) => this.#receipts.set(receipt, resolve));
    this.write(command, { ...headers, receipt }, body);
    return this.#patiently(answer, `RECEIPT of ${command}`);
  }

  /** The state at `path`: its MESSAGE. Takes `onMessage` over until then. */
  async read(path: string): Promise<ReceivedFrame> {
    const answer = new Promise<ReceivedFrame>((resolve) => {
      this.onMessage = resolve;
    });
    await this.request('SUBSCRIBE', { id: `read-${this.#receipt}`, destination: path, once: 'true' });
    return this.#patiently(answer, `MESSAGE of ${path}`);
  }

  /** Drops the connection at once. */
  destroy(): void {
    this.socket.destroy();
  }

  #read(octets: Buffer): void {
    for (const frame of this.#reader.push(octets)) this.#take(frame);
  }

  #take(frame: ReceivedFrame): void {
    if (frame.command === 'MESSAGE') {
      this.onMessage(frame);
    } else if (frame.command === 'RECEIPT') {
      const receipt = frame.headers.get('receipt-id') ?? '';
      this.#receipts.get(receipt)?.(frame);
      this.#receipts.delete(receipt);
    } else if (frame.command === 'CONNECTED') {
      this.#connected?.(frame);
    } else {
      this.#end(`${frame.lines.join(' | ')}: ${frame.text}`);
    }
  }

  #end(reason: string): void {
    this.#ended = true;
    const error = new SessionEnded(reason);
    for (const fail of this.#failures) fail(error);
    this.#receipts.clear();
  }

  /** A server that hangs must fail the test, and name what it did not answer. */
  async #patiently(answer: Promise<ReceivedFrame>, what: string): Promise<ReceivedFrame> {
    let fail: (error: Error) => void = () => {};
    const failure = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const timer = setTimeout(() => fail(new Error(`no ${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    this.#failures.add(fail);
    if (this.#ended) fail(new SessionEnded(`the connection ended before ${what}`));
    return Promise.race([answer, failure]).finally(() => {
      clearTimeout(timer);
      this.#failures.delete(fail);
    });
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', ':': '\\c', '\n': '\\n', '\r': '\\r' };

function escapeHeader(text: string): string {
  return text.replace(/[\\:\n\r]/g, (character) => ESCAPES[character]!);
}
