import { setMaxListeners } from 'node:events';
import type { Logger } from '@backside/protocol';
import type { Json } from '@backside/tree';
import type { RawData, WebSocket } from 'ws';
import type { LegacyAnswer } from '../http/answer.js';
import { isUnforeseen, LegacyError, toLegacyError } from '../http/legacy-error.js';
import type { LegacyRequest } from '../http/legacy-request.js';
import { type Frame, frameOf, withId } from './frame-answer.js';
import { type Carrier, type FrameRequest, parseFrame } from './frame-request.js';

/** Requests under way at a time, waiting ones such as `/account/subscribe` among them. */
const MAX_RUNNING = 32;
/** Beyond so much unsent nothing more is read, and beyond the second the connection ends. */
const PAUSE_BYTES = 1024 * 1024;
const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
const UNSUPPORTED_DATA = 1003;

export interface RequestSocketOptions {
  readonly carrier: Carrier;
  readonly dispatch: (request: LegacyRequest) => Promise<LegacyAnswer>;
  readonly logger: Logger;
}

/** One websocket whose text frames are requests. Answers may come in any order. */
export class RequestSocket {
  readonly #websocket: WebSocket;
  readonly #options: RequestSocketOptions;
  readonly #gone: AbortController = new AbortController();
  /** Resolves when the connection has ended, however it did. */
  readonly closed: Promise<void>;
  #goodbye: { readonly code: number; readonly reason: string } | null = null;
  #running = 0;
  #isAlive = true;

  constructor(websocket: WebSocket, options: RequestSocketOptions) {
    this.#websocket = websocket;
    this.#options = options;
    setMaxListeners(0, this.#gone.signal); // one for each request under way, and those are bounded
    websocket.on('message', (data, isBinary) => this.#received(data, isBinary));
    websocket.on('pong', () => {
      this.#isAlive = true;
    });
    websocket.on('error', (error) => options.logger.debug({ err: error }, 'a websocket of requests failed'));
    this.closed = new Promise((resolve) => {
      websocket.once('close', () => {
        this.#gone.abort();
        resolve();
      });
    });
  }

  /** Ends the connection if nothing was heard since the last call, else asks for a sign of life. */
  beat(): void {
    if (!this.#isAlive) this.#websocket.terminate();
    else if (this.#websocket.readyState === this.#websocket.OPEN) this.#websocket.ping();
    this.#isAlive = false;
  }

  /** Takes no more requests, ends those that wait for something, and says goodbye once the others are answered. */
  close(code: number, reason: string): void {
    this.#goodbye ??= { code, reason };
    this.#gone.abort();
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#goodbye === null || this.#running > 0) return;
    this.#websocket.close(this.#goodbye.code, this.#goodbye.reason);
  }

  terminate(): void {
    this.#websocket.terminate();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    if (this.#goodbye !== null) return;
    if (isBinary) {
      this.close(UNSUPPORTED_DATA, 'requests are text');
      return;
    }
    const frame = parseFrame(data.toString());
    if (frame === null) this.#refuse(new LegacyError(400, 'Invalid request: a frame is /path?query'), null);
    else if (this.#running >= MAX_RUNNING) this.#refuse(new LegacyError(429, 'too many requests at a time'), frame.id);
    else void this.#serve(frame);
  }

  /** Never rejects. */
  async #serve(frame: FrameRequest): Promise<void> {
    this.#running += 1;
    try {
      const answer = await this.#options.dispatch(this.#requestOf(frame));
      const sent = await frameOf(answer, frame.id);
      if (sent !== null) this.#send(sent);
    } catch (error) {
      if (isUnforeseen(error)) this.#options.logger.error({ err: error }, 'an answer to a websocket could not be made');
      this.#refuse(toLegacyError(error), frame.id);
    } finally {
      this.#running -= 1;
      this.#closeIfDone();
    }
  }

  #requestOf({ url, id }: FrameRequest): LegacyRequest {
    return {
      ...this.#options.carrier,
      method: 'GET',
      url,
      body: null,
      signal: this.#gone.signal,
      push: (value: Json) => this.#send(withId(JSON.stringify(value), id)),
    };
  }

  #refuse(error: LegacyError, id: string | null): void {
    this.#send(withId(JSON.stringify(error.toJSON()), id));
  }

  #send(frame: Frame): void {
    const websocket = this.#websocket;
    if (websocket.readyState !== websocket.OPEN) return;
    websocket.send(frame, { binary: typeof frame !== 'string' }, () => this.#flushed());
    if (websocket.bufferedAmount > MAX_UNSENT_BYTES) websocket.terminate();
    else if (websocket.bufferedAmount > PAUSE_BYTES) websocket.pause();
  }

  #flushed(): void {
    if (this.#websocket.isPaused && this.#websocket.bufferedAmount <= PAUSE_BYTES) this.#websocket.resume();
  }
}
