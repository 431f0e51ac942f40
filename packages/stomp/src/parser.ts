import { type Frame, isConnectCommand } from './frame.js';
import { namesOf, parseHead, readNames } from './head.js';
import { Headers } from './headers.js';
import type { ParserLimits } from './limits.js';
import { OctetBuffer } from './octet-buffer.js';
import { StompError, type StompErrorCode } from './stomp-error.js';
import type { Version } from './version.js';

const BETWEEN_FRAMES = 0;
const COMMAND = 1;
const HEADERS = 2;
const COUNTED_BODY = 3;
const OPEN_BODY = 4;
const STOPPED = 5;

const NUL = 0;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DEL = 127;

const DIGITS = /^[0-9]+$/;
const TOO_LONG = 'a line is too long';

const NOTHING = new Uint8Array(0);
const NO_HEADERS = new Headers([]);

export interface FrameParserOptions {
  readonly limits: ParserLimits;
  /** Called for each whole frame, in order, from within `push`. */
  readonly onFrame: (frame: Frame) => void;
  /** Called for each line end between frames: a heart-beat, or the one that follows a frame. */
  readonly onHeartbeat?: () => void;
}

/**
 * Turns octets into frames, wherever they are cut. Knows no socket and no clock.
 *
 * A frame in one chunk is read without copying; between frames nothing is held. What a limit forbids is refused as soon
 * as it shows: an oversize `content-length` at its header, a command or a header line that does not end, a body that
 * does not. After an error or `stop` all further input is dropped.
 */
export class FrameParser {
  /** Decides how headers are decoded; null until a version is agreed. Holds for every head that ends after it is set. */
  version: Version | null = null;
  /** May be replaced at any time; holds from then on. */
  limits: ParserLimits;

  readonly #onFrame: (frame: Frame) => void;
  readonly #onHeartbeat: (() => void) | undefined;
  #state = BETWEEN_FRAMES;
  /** What earlier chunks brought of the part (head or body) that is being read. */
  #kept: OctetBuffer | null = null;
  /** Where in the present chunk the head begins or goes on. */
  #start = 0;
  /** Where in the head the present line begins. */
  #lineStart = 0;
  /** Header lines so far. */
  #lines = 0;
  #command = '';
  #headers = NO_HEADERS;
  /** Octets of a counted body that are still to come. */
  #missing = 0;

  constructor(options: FrameParserOptions) {
    this.limits = options.limits;
    this.#onFrame = options.onFrame;
    this.#onHeartbeat = options.onHeartbeat;
  }

  /**
   * Reads a chunk of any size. Throws a StompError at the first octet that cannot be accepted, once; frames before it
   * have been handed out. What `onFrame` throws is passed on and stops the parser too. Must not be called from `onFrame`.
   */
  push(chunk: Uint8Array): void {
    try {
      this.#start = 0;
      for (let at = 0; at < chunk.length; ) at = this.#read(chunk, at);
      if (this.#state === COMMAND || this.#state === HEADERS) this.#keep(chunk.subarray(this.#start));
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Drops all that follows the frame that is being handed out, now and later. */
  stop(): void {
    this.#state = STOPPED;
    this.#kept = null;
    this.#headers = NO_HEADERS;
  }

  /** Reads one part of a frame from `at` and returns where the next one begins. */
  #read(chunk: Uint8Array, at: number): number {
    switch (this.#state) {
      case BETWEEN_FRAMES:
        return this.#skipLineEnds(chunk, at);
      case COMMAND:
        return this.#scanCommand(chunk, at);
      case HEADERS:
        return this.#scanHeaders(chunk, at);
      case COUNTED_BODY:
        return this.#readCountedBody(chunk, at);
      case OPEN_BODY:
        return this.#readOpenBody(chunk, at);
      default:
        return chunk.length;
    }
  }

  #skipLineEnds(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const octet = chunk[at];
      if (octet === LF) this.#onHeartbeat?.();
      else if (octet !== CR) break;
    }
    if (at < chunk.length && this.#state === BETWEEN_FRAMES) this.#state = COMMAND;
    this.#start = at;
    this.#lines = 0;
    return at;
  }

  #scanCommand(chunk: Uint8Array, from: number): number {
    const limit = this.limits.maxCommandBytes;
    const base = this.#base();
    for (let at = from; at < chunk.length; at++) {
      const octet = chunk[at]!;
      const length = base + at;
      if (octet === LF) {
        if (length - this.#carriageReturnBefore(chunk, at) > limit) this.#refuseHead('too-large', TOO_LONG, chunk, at);
        this.#lineStart = length + 1;
        this.#state = HEADERS;
        return at + 1;
      }
      if (length > limit) this.#refuseHead('too-large', TOO_LONG, chunk, at);
      if ((octet <= SPACE && octet !== CR) || octet >= DEL) this.#refuseHead('invalid-frame', 'no command', chunk, at);
    }
    return chunk.length;
  }

  #scanHeaders(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const octet = chunk[at]!;
      if (octet > LF) continue;
      if (octet === LF) {
        if (this.#isBlankLine(chunk, at)) return this.#beginBody(chunk, at + 1);
        this.#endLine(chunk, at);
      } else if (octet === NUL) {
        return this.#endWithoutBlankLine(chunk, at);
      }
    }
    const end = this.#base() + chunk.length - this.#carriageReturnBefore(chunk, chunk.length);
    if (end > this.#lineStart) this.#assertLength(end, chunk, chunk.length);
    return chunk.length;
  }

  #isBlankLine(chunk: Uint8Array, at: number): boolean {
    return this.#base() + at - this.#carriageReturnBefore(chunk, at) <= this.#lineStart;
  }

  #endLine(chunk: Uint8Array, at: number): void {
    const end = this.#base() + at;
    this.#assertLength(end - this.#carriageReturnBefore(chunk, at), chunk, at);
    if (++this.#lines > this.limits.maxHeaders) this.#refuseHead('too-large', 'too many headers', chunk, at);
    this.#lineStart = end + 1;
  }

  /** Refuses a head that is too long by what has been seen of it: `end` octets. */
  #assertLength(end: number, chunk: Uint8Array, at: number): void {
    if (end - this.#lineStart > this.limits.maxHeaderLineBytes) this.#refuseHead('too-large', TOO_LONG, chunk, at);
    if (end >= this.limits.maxHeaderSectionBytes) this.#refuseHead('too-large', 'headers are too long', chunk, at);
  }

  /** The specifications' own DISCONNECT example lacks the blank line: NUL at the start of a line ends a frame too. */
  #endWithoutBlankLine(chunk: Uint8Array, at: number): number {
    if (this.#base() + at > this.#lineStart) this.#refuseHead('invalid-frame', 'NUL in a header', chunk, at);
    this.#takeHead(chunk, at);
    if ((this.#contentLength() ?? 0) > 0) this.#refuseBody('invalid-frame', 'no blank line before the body');
    this.#emit(NOTHING);
    return at + 1;
  }

  #beginBody(chunk: Uint8Array, at: number): number {
    this.#takeHead(chunk, at);
    const length = this.#contentLength();
    this.#missing = length ?? 0;
    this.#state = length === undefined ? OPEN_BODY : COUNTED_BODY;
    return at;
  }

  /** Parses the head, which ends before `at` in this chunk. */
  #takeHead(chunk: Uint8Array, at: number): void {
    const octets = this.#headOctets(chunk, at).subarray(0, this.#lineStart);
    this.#kept = null;
    const { command, headers } = parseHead(octets, this.version);
    this.#command = command;
    this.#headers = headers;
  }

  /** The agreed length of the body; undefined when NUL ends it. The first of several headers counts. */
  #contentLength(): number | undefined {
    const text = this.#headers.get('content-length');
    if (text === undefined) return undefined;
    if (!DIGITS.test(text)) this.#refuseBody('invalid-frame', 'content-length is not a number');
    const length = Number(text);
    if (length > this.limits.maxBodyBytes) this.#refuseBody('too-large', 'the body is too long');
    return length;
  }

  #readCountedBody(chunk: Uint8Array, at: number): number {
    const end = at + this.#missing;
    if (end >= chunk.length) {
      this.#missing = end - chunk.length;
      this.#keep(chunk.subarray(at));
      return chunk.length;
    }
    if (chunk[end] !== NUL) this.#refuseBody('invalid-frame', 'the body is longer than its content-length');
    this.#emit(this.#bodyUpTo(chunk, at, end));
    return end + 1;
  }

  #readOpenBody(chunk: Uint8Array, at: number): number {
    const nul = chunk.indexOf(NUL, at);
    const end = nul < 0 ? chunk.length : nul;
    const length = this.#keptLength() + end - at;
    if (length > this.limits.maxBodyBytes) this.#refuseBody('too-large', 'the body is too long');
    if (nul < 0) this.#keep(chunk.subarray(at));
    else this.#emit(this.#bodyUpTo(chunk, at, end));
    return end + 1;
  }

  #bodyUpTo(chunk: Uint8Array, at: number, end: number): Uint8Array {
    if (this.#kept === null) return end === at ? NOTHING : chunk.subarray(at, end);
    this.#kept.append(chunk.subarray(at, end));
    return this.#kept.view();
  }

  #emit(body: Uint8Array): void {
    const frame = { command: this.#command, headers: this.#headers, body };
    this.#kept = null;
    this.#headers = NO_HEADERS;
    this.#state = BETWEEN_FRAMES;
    this.#onFrame(frame);
  }

  #keep(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#kept ??= new OctetBuffer();
    this.#kept.append(octets);
  }

  #keptLength(): number {
    return this.#kept === null ? 0 : this.#kept.length;
  }

  /** Where in the head the present chunk begins: what to add to an index of the chunk. */
  #base(): number {
    return this.#keptLength() - this.#start;
  }

  /** 1 if the octet before `at` in the head is a carriage return, else 0. */
  #carriageReturnBefore(chunk: Uint8Array, at: number): 0 | 1 {
    const before = at > this.#start ? chunk[at - 1] : this.#kept?.last();
    return before === CR ? 1 : 0;
  }

  /** All octets of the head that end before `at` in this chunk. */
  #headOctets(chunk: Uint8Array, at: number): Uint8Array {
    const octets = chunk.subarray(this.#start, at);
    if (this.#kept === null) return octets;
    this.#kept.append(octets);
    return this.#kept.view();
  }

  #refuseHead(code: StompErrorCode, message: string, chunk: Uint8Array, at: number): never {
    throw new StompError(code, message, readNames(this.#headOctets(chunk, at), this.version));
  }

  #refuseBody(code: StompErrorCode, message: string): never {
    const get = (name: string): string | undefined => this.#headers.get(name);
    throw new StompError(code, message, isConnectCommand(this.#command) ? {} : namesOf(this.#command, get));
  }
}
