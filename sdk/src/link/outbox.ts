import type { Socket } from './socket.js';

/** Frames are joined up to this size, in octets; one that is larger goes alone. */
const MAX_JOINED_BYTES = 64 * 1024;

/** Joins what is sent within one turn: a socket costs per message, not per octet. */
export class Outbox {
  readonly #socket: Socket;
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(octets: Uint8Array): void {
    if (this.#bytes + octets.length > MAX_JOINED_BYTES) this.flush();
    this.#waiting.push(octets);
    this.#bytes += octets.length;
    if (this.#waiting.length === 1) queueMicrotask(() => this.flush());
  }

  /** Hands over now what waits. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const joined = waiting.length === 1 ? waiting[0]! : join(waiting, this.#bytes);
    this.#bytes = 0;
    this.#socket.send(joined);
  }
}

function join(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
