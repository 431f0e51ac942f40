import { type Frame, FrameParser, type ParserLimits } from '@backside/stomp';
import type { Transport } from './transport.js';

/** Fed to the parser at a time, so that a hold takes effect within so many octets even if a message is huge. */
const SLICE_BYTES = 64 * 1024;

/** Takes what the intake has read. */
export interface IntakeOwner {
  frame(frame: Frame): void;
  /** The input cannot be read any further; all that follows is dropped. */
  unreadable(error: unknown): void;
  /** After a hold: everything that had arrived is read. */
  caughtUp(): void;
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
  #frames: Frame[] = [];
  #chunks: Uint8Array[] = [];
  /** What made the input unreadable, until the frames before it have been handed out. */
  #fault: { readonly error: unknown } | null = null;

  constructor(owner: IntakeOwner, transport: Transport, limits: ParserLimits) {
    this.#owner = owner;
    this.#transport = transport;
    this.parser = new FrameParser({ limits, onFrame: (frame) => this.#onFrame(frame) });
  }

  /** Whether all that has arrived was handed out. */
  get idle(): boolean {
    if (this.#dropped) return true;
    return this.#holds === 0 && this.#frames.length === 0 && this.#chunks.length === 0 && this.#fault === null;
  }

  receive(octets: Uint8Array): void {
    if (this.#dropped) return;
    this.#chunks.push(octets);
    if (this.#holds === 0) this.#work();
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
    if (this.idle) this.#owner.caughtUp();
  }

  /** Drops what waits and all that comes. */
  drop(): void {
    this.#dropped = true;
    this.#frames = [];
    this.#chunks = [];
    this.#fault = null;
    this.parser.stop();
    this.#transport.resumeReading();
  }

  #work(): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#holds === 0 && this.#step());
    } finally {
      this.#busy = false;
    }
  }

  /** Does one piece of what waits; false if nothing does. */
  #step(): boolean {
    if (this.#frames.length > 0) {
      const frames = this.#frames;
      this.#frames = [];
      for (const frame of frames) this.#onFrame(frame);
      return true;
    }
    if (this.#fault !== null) {
      this.#owner.unreadable(this.#fault.error);
      return false;
    }
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return false;
    if (chunk.byteLength > SLICE_BYTES) this.#chunks.unshift(chunk.subarray(SLICE_BYTES));
    this.#read(chunk.byteLength > SLICE_BYTES ? chunk.subarray(0, SLICE_BYTES) : chunk);
    return true;
  }

  #read(chunk: Uint8Array): void {
    try {
      this.parser.push(chunk);
    } catch (error) {
      if (!this.#dropped) this.#fault = { error };
    }
  }

  #onFrame(frame: Frame): void {
    if (this.#dropped) return;
    if (this.#holds > 0) this.#frames.push(frame);
    else this.#owner.frame(frame);
  }
}
