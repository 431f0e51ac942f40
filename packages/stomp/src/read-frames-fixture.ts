import { LIMITS_AFTER_CONNECT, type ParserLimits } from './limits.js';
import { FrameParser } from './parser.js';
import { StompError } from './stomp-error.js';
import type { Version } from './version.js';

/** A frame in a form that `toEqual` compares and prints well. */
export interface PlainFrame {
  readonly command: string;
  readonly headers: readonly (readonly [string, string])[];
  /** One character per octet. */
  readonly body: string;
}

/** What a parser made of its input. */
export interface Reading {
  readonly frames: PlainFrame[];
  readonly heartbeats: number;
  readonly error: StompError | undefined;
}

/** Feeds the pieces to a fresh parser until they end or it throws. Other exceptions than StompError are passed on. */
export function readPieces(pieces: Iterable<Uint8Array>, version: Version | null, limits?: ParserLimits): Reading {
  const frames: PlainFrame[] = [];
  let heartbeats = 0;
  const parser = new FrameParser({
    limits: limits ?? LIMITS_AFTER_CONNECT,
    onFrame: ({ command, headers, body }) =>
      frames.push({ command, headers: [...headers], body: String.fromCharCode(...body) }),
    onHeartbeat: () => heartbeats++,
  });
  parser.version = version;
  try {
    for (const piece of pieces) parser.push(piece);
  } catch (error) {
    if (!(error instanceof StompError)) throw error;
    return { frames, heartbeats, error };
  }
  return { frames, heartbeats, error: undefined };
}

/** Reads text (as UTF-8) or octets given in one piece. */
export function read(input: string | Uint8Array, version: Version | null = '1.2', limits?: ParserLimits): Reading {
  return readPieces([octetsOf(input)], version, limits);
}

export function octetsOf(input: string | Uint8Array): Uint8Array {
  return typeof input === 'string' ? new TextEncoder().encode(input) : input;
}

/** Octets from hex digits; blanks are ignored. */
export function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/[0-9a-f]{2}/g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Cuts octets at the given places. */
export function cut(octets: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.toSorted((a, b) => a - b), octets.length];
  return edges.slice(1).map((edge, index) => octets.slice(edges[index], edge));
}

/** The octets one by one. */
export function singly(octets: Uint8Array): Uint8Array[] {
  return Array.from(octets, (octet) => Uint8Array.of(octet));
}
