/**
 * A load client that costs as little as possible, so that on a small machine the server under test is what is measured:
 * it speaks websocket framing itself over `node:net`, reads every socket into one buffer, and only counts messages
 * unless it is asked for their text.
 */
import { randomBytes } from 'node:crypto';
import { connect as connectSocket, type Socket } from 'node:net';

/** How a server delimits its messages: `nul` STOMP, `line` one per LF, `nats` its own, `frame` one per websocket message. */
type Wire = 'nul' | 'line' | 'nats' | 'frame';

export interface LoadConnectionOptions {
  readonly port: number;
  readonly wire: Wire;
  /** Path and subprotocol of a websocket; plain TCP when left out. */
  readonly websocket?: { readonly path: string; readonly protocol?: string };
}

/** Counts the messages that end within `buffer[start, end)`; keeps its place across chunks. */
interface Counter {
  count(buffer: Buffer, start: number, end: number): number;
}

class DelimiterCounter implements Counter {
  readonly #delimiter: number;

  constructor(delimiter: number) {
    this.#delimiter = delimiter;
  }

  count(buffer: Buffer, start: number, end: number): number {
    let count = 0;
    for (let at = buffer.indexOf(this.#delimiter, start); at !== -1 && at < end; count += 1) {
      at = buffer.indexOf(this.#delimiter, at + 1);
    }
    return count;
  }
}

/** `MSG subject sid length` CRLF payload CRLF; other lines (INFO, PING, +OK) are not messages. */
class NatsCounter implements Counter {
  #line = '';
  #payloadLeft = 0;

  count(buffer: Buffer, start: number, end: number): number {
    let count = 0;
    let at = start;
    while (at < end) {
      if (this.#payloadLeft > 0) {
        const taken = Math.min(end - at, this.#payloadLeft);
        this.#payloadLeft -= taken;
        at += taken;
        if (this.#payloadLeft === 0) count += 1;
        continue;
      }
      const lineEnd = buffer.indexOf(10, at);
      const stop = lineEnd === -1 || lineEnd >= end ? end : lineEnd + 1;
      this.#line += buffer.toString('latin1', at, stop);
      at = stop;
      if (this.#line.endsWith('\n')) this.#takeLine();
    }
    return count;
  }

  #takeLine(): void {
    if (this.#line.startsWith('MSG '))
      this.#payloadLeft = Number(this.#line.slice(this.#line.lastIndexOf(' ') + 1)) + 2;
    this.#line = '';
  }
}

const DATA_OPCODES = 0x7;

/** Takes websocket framing off and counts whole messages (`inner` null) or what `inner` finds in their payloads. */
class FrameCounter implements Counter {
  readonly #inner: Counter | null;
  readonly #onPayload: (buffer: Buffer, start: number, end: number) => void;
  readonly #header: Buffer = Buffer.alloc(10);
  #headerBytes = 0;
  #payloadLeft = 0;
  #opcode = 0;
  #final = true;

  constructor(inner: Counter | null, onPayload: (buffer: Buffer, start: number, end: number) => void) {
    this.#inner = inner;
    this.#onPayload = onPayload;
  }

  count(buffer: Buffer, start: number, end: number): number {
    let count = 0;
    let at = start;
    while (at < end) {
      if (this.#payloadLeft === 0) {
        at = this.#readHeader(buffer, at, end);
        if (this.#payloadLeft === 0) continue;
      }
      const stop = Math.min(end, at + this.#payloadLeft);
      if (this.#opcode <= DATA_OPCODES) {
        this.#onPayload(buffer, at, stop);
        if (this.#inner) count += this.#inner.count(buffer, at, stop);
        else if (stop - at === this.#payloadLeft && this.#final) count += 1;
      }
      this.#payloadLeft -= stop - at;
      at = stop;
    }
    return count;
  }

  /** Byte by byte, since a header may lie across chunks; returns where the payload begins or the chunk ends. */
  #readHeader(buffer: Buffer, start: number, end: number): number {
    const header = this.#header;
    let at = start;
    while (at < end) {
      header[this.#headerBytes] = buffer[at]!;
      this.#headerBytes += 1;
      at += 1;
      if (this.#headerBytes < 2) continue;
      const short = header[1]! & 0x7f;
      const needed = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (this.#headerBytes < needed) continue;
      this.#payloadLeft = short < 126 ? short : short === 126 ? header.readUInt16BE(2) : header.readUInt32BE(6);
      this.#opcode = header[0]! & 0x0f;
      this.#final = (header[0]! & 0x80) !== 0;
      this.#headerBytes = 0;
      break;
    }
    return at;
  }
}

/** One message as a client's websocket sends it: masked as the protocol demands, with the mask that changes nothing. */
export function clientFrame(content: Buffer, opcode = 1, final = true): Buffer {
  const length = content.length;
  const head = Buffer.alloc(length < 126 ? 6 : length < 65_536 ? 8 : 14);
  head[0] = (final ? 0x80 : 0) | opcode;
  if (length < 126) {
    head[1] = 0x80 | length;
  } else if (length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, content]);
}

/** All sockets read into it: a chunk is consumed before the next read begins. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

const counterOf = (wire: Wire): Counter | null => {
  if (wire === 'frame') return null;
  return wire === 'nats' ? new NatsCounter() : new DelimiterCounter(wire === 'nul' ? 0 : 10);
};

/** One connection to a server under load. */
export class LoadConnection {
  /** Complete messages since the connection was opened or `received` was set. */
  received = 0;
  /** Called once per chunk with the number of messages that ended in it. */
  onMessages: ((count: number) => void) | null = null;
  readonly socket: Socket;
  /** Whether both sides have let go of the connection. */
  closed = false;
  readonly #websocket: boolean;
  readonly #counter: Counter;
  #text: string | null = null;
  #upgraded: ((response: string) => void) | null = null;
  #onText: (() => void) | null = null;

  private constructor(options: LoadConnectionOptions) {
    this.#websocket = options.websocket !== undefined;
    const counter = counterOf(options.wire);
    if (this.#websocket) {
      this.#counter = new FrameCounter(counter, (buffer, start, end) => this.#keepText(buffer, start, end));
    } else {
      this.#counter = counter ?? new DelimiterCounter(10);
    }
    this.socket = connectSocket({
      port: options.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: READ_BUFFER, callback: (bytes) => this.#consume(bytes) },
    });
    this.socket.once('close', () => this.#closeSeen());
  }

  /** Connects, and for a websocket upgrades. Rejects if the server refuses. */
  static async open(options: LoadConnectionOptions): Promise<LoadConnection> {
    const connection = new LoadConnection(options);
    await new Promise<void>((resolve, reject) => {
      connection.socket.once('connect', resolve);
      connection.socket.once('error', reject);
    });
    connection.socket.on('error', () => connection.socket.destroy());
    if (options.websocket) await connection.#upgrade(options.websocket);
    return connection;
  }

  /** The bytes that carry `content` as one message: prepare them once, `write` them often. */
  encode(content: string | Buffer): Buffer {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    return this.#websocket ? clientFrame(bytes) : bytes;
  }

  /** Sends bytes made by `encode`. */
  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  send(content: string | Buffer): void {
    this.write(this.encode(content));
  }

  /** Sends `content`, then collects what the server says until it satisfies `isComplete`. One at a time. */
  async ask(content: string | Buffer, isComplete: (text: string) => boolean, timeoutMs = 30_000): Promise<string> {
    this.#text = '';
    this.send(content);
    const answer = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer within ${timeoutMs} ms; got: ${this.#text}`)),
        timeoutMs,
      );
      this.#onText = () => {
        if (!isComplete(this.#text ?? '') && !this.closed) return;
        clearTimeout(timer);
        if (this.closed) reject(new Error(`the server closed the connection; got: ${this.#text}`));
        else resolve(this.#text ?? '');
      };
      this.#onText();
    });
    return answer.finally(() => {
      this.#text = null;
      this.#onText = null;
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #consume(bytes: number): boolean {
    if (this.#upgraded) {
      this.#consumeUpgrade(bytes);
      return true;
    }
    this.#countFrom(0, bytes);
    return true;
  }

  #countFrom(start: number, end: number): void {
    if (!this.#websocket) this.#keepText(READ_BUFFER, start, end);
    const count = this.#counter.count(READ_BUFFER, start, end);
    this.#onText?.();
    if (count === 0) return;
    this.received += count;
    this.onMessages?.(count);
  }

  #keepText(buffer: Buffer, start: number, end: number): void {
    if (this.#text !== null) this.#text += buffer.toString('utf8', start, end);
  }

  async #upgrade(target: { readonly path: string; readonly protocol?: string }): Promise<void> {
    const protocol = target.protocol === undefined ? '' : `Sec-WebSocket-Protocol: ${target.protocol}\r\n`;
    const key = randomBytes(16).toString('base64');
    const response = new Promise<string>((resolve) => {
      this.#upgraded = resolve;
    });
    this.socket.write(
      `GET ${target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${protocol}\r\n`,
    );
    const head = await response;
    if (!head.startsWith('HTTP/1.1 101 ')) {
      this.close();
      throw new Error(`the server refused the websocket: ${head.slice(0, head.indexOf('\r\n'))}`);
    }
  }

  /** The answer to an upgrade fits one segment on loopback; bytes behind it are the first frames. */
  #consumeUpgrade(bytes: number): void {
    const end = READ_BUFFER.subarray(0, bytes).indexOf('\r\n\r\n');
    const resolve = this.#upgraded;
    this.#upgraded = null;
    resolve?.(READ_BUFFER.toString('latin1', 0, end === -1 ? bytes : end));
    if (end !== -1 && end + 4 < bytes) this.#countFrom(end + 4, bytes);
  }

  #closeSeen(): void {
    this.closed = true;
    this.#upgraded?.('HTTP/1.1 000 closed\r\n');
    this.#upgraded = null;
    this.#onText?.();
  }
}
