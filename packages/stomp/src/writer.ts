import { escapeHeader } from './escape.js';
import { isConnectCommand } from './frame.js';
import { StompError } from './stomp-error.js';
import type { Version } from './version.js';

const ENCODER = new TextEncoder();
const NUL = 0;
const LF = 10;
/** UTF-8 octets that one UTF-16 unit can take. */
const MAX_OCTETS_PER_UNIT = 3;
const SLAB_BYTES = 16 * 1024;
const LARGEST_IN_SLAB = SLAB_BYTES / 4;

/** One frame to be written. */
export interface OutgoingFrame {
  /** Written as it is; must come from the program, not from a peer. */
  readonly command: string;
  readonly headers: Iterable<readonly [string, string]>;
  /** Header lines from `formatHeaders` of the same version, written after `headers`: what many frames share is formatted once. */
  readonly formattedHeaders?: string;
  /** When given, even if empty, a `content-length` is written for it. A `content-length` among `headers` is left out. */
  readonly body?: Uint8Array;
}

/**
 * The octets of a frame: head, body, NUL, and a line feed for clients that need one between frames.
 *
 * Names and values are escaped as the version demands; CONNECT, STOMP and CONNECTED never are. What a version cannot
 * carry is refused with a StompError `invalid-header`, never altered. Small frames
 * share a slab of memory, so whoever keeps one for long should copy it.
 */
export function writeFrame(frame: OutgoingFrame, version: Version): Uint8Array {
  const raw = isConnectCommand(frame.command);
  let head = `${frame.command}\n${headerLines(frame.headers, version, raw)}${frame.formattedHeaders ?? ''}`;
  if (frame.body !== undefined) head += `content-length:${frame.body.length}\n`;
  return assemble(`${head}\n`, frame.body);
}

/** Header lines ready for `OutgoingFrame.formattedHeaders`. Throws like `writeFrame`. */
export function formatHeaders(headers: Iterable<readonly [string, string]>, version: Version): string {
  return headerLines(headers, version, false);
}

/** As `formatHeaders`, without those that the version cannot carry: 1.1 has no carriage return, 1.0 no line feed either. */
export function formatWritableHeaders(headers: Iterable<readonly [string, string]>, version: Version): string {
  let lines = '';
  for (const [name, value] of headers) {
    try {
      lines += headerLine(name, value, version, false);
    } catch (error) {
      if (!(error instanceof StompError)) throw error;
    }
  }
  return lines;
}

function headerLines(headers: Iterable<readonly [string, string]>, version: Version, raw: boolean): string {
  let lines = '';
  for (const [name, value] of headers) lines += headerLine(name, value, version, raw);
  return lines;
}

function headerLine(name: string, value: string, version: Version, raw: boolean): string {
  if (name === 'content-length') return '';
  return `${escapeHeader(name, version, 'name', raw)}:${escapeHeader(value, version, 'value', raw)}\n`;
}

/** Memory from which small frames are cut, since a typed array of its own costs more than writing the frame. */
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

function assemble(head: string, body: Uint8Array | undefined): Uint8Array {
  const room = head.length * MAX_OCTETS_PER_UNIT + (body?.length ?? 0) + 2;
  if (room > LARGEST_IN_SLAB) return assembleLarge(ENCODER.encode(head), body);
  if (used + room > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  used += ENCODER.encodeInto(head, start === 0 ? slab : slab.subarray(start)).written;
  used = finish(slab, used, body);
  return slab.subarray(start, used);
}

function assembleLarge(head: Uint8Array, body: Uint8Array | undefined): Uint8Array {
  const octets = new Uint8Array(head.length + (body?.length ?? 0) + 2);
  octets.set(head);
  finish(octets, head.length, body);
  return octets;
}

/** Puts body, NUL and LF at `at` and returns where they end. */
function finish(octets: Uint8Array, at: number, body: Uint8Array | undefined): number {
  let end = at;
  if (body !== undefined) {
    octets.set(body, end);
    end += body.length;
  }
  octets[end++] = NUL;
  octets[end++] = LF;
  return end;
}
