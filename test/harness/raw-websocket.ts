/**
 * A websocket whose every octet a check decides (RFC 6455): for handshakes, frames and close codes that no client library
 * would produce or show.
 */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const PATIENCE_MS = 5_000;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Buffer;
}

/** What the server answered to the handshake. */
export interface Handshake {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

export interface FrameOptions {
  readonly opcode: number;
  readonly fin?: boolean;
  /** The bit that marks a compressed message. */
  readonly rsv1?: boolean;
}

export class RawWebSocket {
  readonly handshake: Handshake;
  readonly frames: WebSocketFrame[] = [];
  /** Code of the server's close frame; 1005 if it had none, null as long as none came. */
  closeCode: number | null = null;
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #listener: () => void = () => {};

  private constructor(socket: Socket, handshake: Handshake, rest: Buffer) {
    this.#socket = socket;
    this.handshake = handshake;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (octets) => this.#read(octets));
    socket.on('error', () => {
      // Always followed by `close`.
    });
    this.#read(rest);
  }

  /** Sends a handshake with these headers besides the required ones. Resolves also if the server declines. */
  static async open(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawWebSocket> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const key = randomBytes(16).toString('base64');
    const lines = Object.entries({
      Host: `127.0.0.1:${port}`,
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': key,
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    const { handshake, rest } = await readHandshake(socket);
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    if (handshake.status === 101 && handshake.headers.get('sec-websocket-accept') !== accept) {
      throw new Error('wrong Sec-WebSocket-Accept');
    }
    return new RawWebSocket(socket, handshake, rest);
  }

  /** Sends one masked frame. */
  send(payload: string | Buffer, options: FrameOptions): void {
    const octets = Buffer.from(payload);
    const mask = randomBytes(4);
    const first = (options.fin === false ? 0 : 0x80) | (options.rsv1 ? 0x40 : 0) | options.opcode;
    const masked = Buffer.from(octets.map((octet, index) => octet ^ mask[index % 4]!));
    this.#socket.write(Buffer.concat([Buffer.from([first]), maskedLength(octets.length), mask, masked]));
  }

  /** Announces a frame of this length and sends nothing of it. */
  announce(opcode: number, length: number): void {
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode]), maskedLength(length), randomBytes(4)]));
  }

  /** The first frame that is accepted, waiting for it if it has not come. */
  async frame(accepts: (frame: WebSocketFrame) => boolean): Promise<WebSocketFrame> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = this.frames.find(accepts);
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`no such frame; ${this.frames.length} came, close code ${this.closeCode}`);
      await this.#change(left);
    }
  }

  /** The server's close code; the connection ends after it. */
  async close(): Promise<number> {
    await this.frame(() => this.closeCode !== null);
    return this.closeCode!;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#listener = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #read(octets: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, octets]);
    for (let frame = this.#next(); frame !== null; frame = this.#next()) {
      this.frames.push(frame);
      if (frame.opcode === 8) this.closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
    }
    this.#listener();
  }

  #next(): WebSocketFrame | null {
    const buffer = this.#buffer;
    if (buffer.length < 2) return null;
    const short = buffer[1]! & 0x7f;
    const start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (buffer.length < start) return null;
    const length = short < 126 ? short : short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
    if (buffer.length < start + length) return null;
    this.#buffer = buffer.subarray(start + length);
    const payload = Buffer.from(buffer.subarray(start, start + length));
    return { opcode: buffer[0]! & 0x0f, fin: (buffer[0]! & 0x80) !== 0, payload };
  }
}

/** The length octets of a frame, with the bit that says it is masked. */
function maskedLength(length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | length]);
  const octets = Buffer.alloc(length < 65_536 ? 3 : 9);
  octets[0] = 0x80 | (length < 65_536 ? 126 : 127);
  if (length < 65_536) octets.writeUInt16BE(length, 1);
  else octets.writeBigUInt64BE(BigInt(length), 1);
  return octets;
}

function readHandshake(socket: Socket): Promise<{ handshake: Handshake; rest: Buffer }> {
  return new Promise((resolve, reject) => {
    let buffer = Buffer.alloc(0);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`closed during the handshake: ${buffer.toString()}`)));
    const read = (octets: Buffer): void => {
      buffer = Buffer.concat([buffer, octets]);
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read);
      const [first, ...lines] = buffer.subarray(0, end).toString().split('\r\n');
      const headers = lines.map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      });
      const status = Number(first!.split(' ')[1]);
      resolve({ handshake: { status, headers: new Map(headers) }, rest: Buffer.from(buffer.subarray(end + 4)) });
    };
    socket.on('data', read);
  });
}
