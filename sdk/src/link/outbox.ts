import type { Socket } from './socket.js';

/** How long a message of a socket may be, in octets, or UTF-16 units where it is text; shared by the connections to one server. */
export interface MessageLimit {
  length: number;
}

/** Joins what is sent within one turn, for a socket costs per message, and cuts what is too long for one. */
export class Outbox {
  readonly #socket: Socket;
  readonly #limit: MessageLimit;
  #waiting = '';

  constructor(socket: Socket, limit: MessageLimit) {
    this.#socket = socket;
    this.#limit = limit;
  }

  add(text: string): void {
    if (this.#waiting.length + text.length > this.#limit.length) this.flush();
    if (this.#waiting === '') queueMicrotask(() => this.flush());
    this.#waiting += text;
  }

  /** Hands over now what waits. */
  flush(): void {
    const text = this.#waiting;
    const { length } = this.#limit;
    this.#waiting = '';
    if (text.length > length) {
      const octets = new TextEncoder().encode(text);
      for (let at = 0; at < octets.length; at += length) this.#socket.send(octets.subarray(at, at + length));
    } else if (text !== '') this.#socket.send(text);
  }
}
