import type { Framing } from './transport.js';

/** FIN and the opcode of a text message: what we send is always UTF-8, since headers and JSON are. */
const FINAL_TEXT = 0x81;

/** Octets that the header of an unmasked websocket frame takes (RFC 6455, 5.2). */
function websocketHeaderBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2;
  return payloadBytes < 65_536 ? 4 : 10;
}

/** Octets to reserve before a frame of this size. */
function framingBytes(framing: Framing, frameBytes: number): number {
  return framing === 'websocket' ? websocketHeaderBytes(frameBytes) : 0;
}

/** Writes what `framing` puts before a frame of this size to the beginning of `target`; `framingBytes` of it. */
function writeFraming(framing: Framing, target: Buffer, frameBytes: number): void {
  if (framing !== 'websocket') return;
  target[0] = FINAL_TEXT;
  if (frameBytes < 126) {
    target[1] = frameBytes;
  } else if (frameBytes < 65_536) {
    target[1] = 126;
    target.writeUInt16BE(frameBytes, 2);
  } else {
    target[1] = 127;
    target.writeUInt32BE(Math.floor(frameBytes / 2 ** 32), 2);
    target.writeUInt32BE(frameBytes >>> 0, 6);
  }
}

/** A whole STOMP frame (or a single EOL) in the way that `framing` demands. */
export function framed(framing: Framing, frame: Uint8Array): Uint8Array {
  if (framing !== 'websocket') return frame;
  const offset = websocketHeaderBytes(frame.byteLength);
  const target = Buffer.allocUnsafe(offset + frame.byteLength);
  writeFraming(framing, target, frame.byteLength);
  target.set(frame, offset);
  return target;
}

/**
 * A whole frame from its command and header lines (each ended by a line feed, formatted by the writer of the `stomp`
 * package) and its body, in the way that `framing` demands and in one piece of memory.
 */
export function assembleFrame(framing: Framing, head: string, body: Uint8Array | null): Uint8Array {
  const headBytes = Buffer.byteLength(head);
  const frameBytes = headBytes + (body === null ? 0 : body.byteLength) + 3;
  const offset = framingBytes(framing, frameBytes);
  const target = Buffer.allocUnsafe(offset + frameBytes);
  writeFraming(framing, target, frameBytes);
  let end = offset + target.write(head, offset);
  target[end++] = LF;
  if (body !== null) {
    target.set(body, end);
    end += body.byteLength;
  }
  target[end] = NUL;
  target[end + 1] = LF;
  return target;
}

/** A RECEIPT with these header lines. */
export function receiptOctets(framing: Framing, lines: string): Uint8Array {
  return assembleFrame(framing, `RECEIPT\n${lines}`, null);
}

const NUL = 0;
const LF = 10;
const EOL = new Uint8Array([LF]);
const BEATS: Readonly<Record<Framing, Uint8Array>> = { none: EOL, message: EOL, websocket: framed('websocket', EOL) };

/** A heart-beat: the same octets for all connections. */
export function beatOctets(framing: Framing): Uint8Array {
  return BEATS[framing];
}
