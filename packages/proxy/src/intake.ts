import { type Frame, FrameParser, type ParserLimits } from '@backside/stomp';
import type { Transport } from './transport.js';

/** Fed to the parser at a time, so that a hold takes effect within so many octets even if a message is huge. */
const SLICE_BYTES = 64 * 1024;

/** Takes what the intake has read. */
export interface IntakeOwner {
  frame(frame: Frame): void;
  /** The input cannot be read any further; all that follows is dropped. */
  unreadable(error: unknown): void;
  /** Everything that has arrived is handed out. */
  caughtUp(): void;
}

/** What arrived and was not handed out yet. */
class Backlog {
  frames: Frame[] = [];
  readonly chunks: Uint8Array[] = [];
  /** What made the input unreadable, behind the frames. */
  fault: { readonly error: unknown } | null = null;

  get empty(): boolean {
    return this.frames.length === 0 && this.chunks.length === 0 && this.fault === null;
  }
}

/**
 * The input side of a session: reads octets into frames and hands them out one by one, unless held. While held nothing
 * is lost, and the transport is asked to pause, so that what waits is bounded.
 */
export class Intake {
  readonly parser: FrameParser;
  readonly #owner: IntakeOwner;
  readonly #transport: Transport;
  #holds = 0;
  #busy = false;
  #dropped = false;
  /** Null whenever nothing waits, as it mostly is. */
  #backlog: Backlog | null = null;

  constructor(owner: IntakeOwner, transport: Transport, limits: ParserLimits) {
    this.#owner = owner;
    this.#transport = transport;
    this.parser = new FrameParser({ limits, onFrame: (frame) => this.#onFrame(frame) });
  }

  /** Whether all that has arrived was handed out. */
  get idle(): boolean {
    return this.#dropped || (this.#holds === 0 && !this.#busy && this.#backlog === null);
  }

  receive(octets: Uint8Array): void {
    if (this.#dropped) return;
    if (this.idle && octets.byteLength <= SLICE_BYTES) {
      this.#busy = true;
      this.#read(octets);
      this.#busy = false;
    } else {
      this.#waiting().chunks.push(octets);
    }
    this.#work();
  }

  /** Hands out nothing more until the matching `release`. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1) this.#transport.pauseReading();
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds > 0 || this.#dropped) return;
    this.#transport.resumeReading();
    this.#work();
  }

  /** Drops what waits and all that comes. */
  drop(): void {
    this.#dropped = true;
    this.#backlog = null;
    this.parser.stop();
    this.#transport.resumeReading();
  }

  #waiting(): Backlog {
    this.#backlog ??= new Backlog();
    return this.#backlog;
  }

  /** Hands out what waits, as far as nothing holds it. */
  #work(): void {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#backlog !== null && this.#holds === 0) this.#step(this.#backlog);
    this.#busy = false;
    if (this.idle) this.#owner.caughtUp();
  }

  #step(backlog: Backlog): void {
    if (backlog.frames.length > 0) {
      const { frames } = backlog;
      backlog.frames = [];
      for (const frame of frames) this.#onFrame(frame);
    } else if (backlog.fault !== null) {
      const { error } = backlog.fault;
      backlog.fault = null;
      this.#owner.unreadable(error);
    } else {
      this.#readNext(backlog);
    }
    if (backlog.empty && !this.#dropped) this.#backlog = null;
  }

  #readNext(backlog: Backlog): void {
    const chunk = backlog.chunks.shift();
    if (chunk === undefined) return;
    if (chunk.byteLength > SLICE_BYTES) backlog.chunks.unshift(chunk.subarray(SLICE_BYTES));
    this.#read(chunk.byteLength > SLICE_BYTES ? chunk.subarray(0, SLICE_BYTES) : chunk);
  }

  #read(chunk: Uint8Array): void {
    try {
      this.parser.push(chunk);
    } catch (error) {
      if (!this.#dropped) this.#waiting().fault = { error };
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#dropped) return;
    if (this.#holds > 0) this.#waiting().frames.push(frame);
    else this.#owner.frame(frame);
  }
}
