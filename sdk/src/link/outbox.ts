import type { Socket } from './socket.js';

/** Frames are joined up to this length, in UTF-16 units; one that is larger goes alone. */
const MAX_JOINED_LENGTH = 64 * 1024;

/** Joins what is sent within one turn: a socket costs per message, not per octet. */
export class Outbox {
  readonly #socket: Socket;
  #waiting = '';

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  add(text: string): void {
    if (this.#waiting.length + text.length > MAX_JOINED_LENGTH) this.flush();
    if (this.#waiting === '') queueMicrotask(() => this.flush());
    this.#waiting += text;
  }

  /** Hands over now what waits. */
  flush(): void {
    const text = this.#waiting;
    if (text === '') return;
    this.#waiting = '';
    this.#socket.send(text);
  }
}
