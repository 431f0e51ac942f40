import { BacksideError } from '@backside/protocol';
import type { Frame } from '@backside/stomp';
import { type Path, parsePath } from '@backside/tree';

/** The value of a header that the frame must have. Throws `missing-header`, naming it. */
export function required(frame: Frame, name: string): string {
  const value = frame.headers.get(name);
  if (value === undefined) throw new BacksideError('missing-header', `${frame.command} needs the header ${name}`);
  return value;
}

export function invalidHeader(name: string, expected: string): BacksideError {
  return new BacksideError('invalid-header', `${name} must be ${expected}`);
}

/** `true`, `false` or nothing. */
export function booleanHeader(frame: Frame, name: string): boolean {
  const value = frame.headers.get(name);
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw invalidHeader(name, 'true or false');
}

/** One of the given words, or undefined if the header is missing. */
export function wordHeader<Word extends string>(frame: Frame, name: string, words: readonly Word[]): Word | undefined {
  const value = frame.headers.get(name);
  if (value === undefined) return undefined;
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw invalidHeader(name, words.join(', '));
  return word;
}

/** What a frame holds in memory, roughly: its body and the characters of its headers. */
export function heldBytes(frame: Frame): number {
  let bytes = frame.body.byteLength;
  frame.headers.forEach((name, value) => {
    bytes += name.length + value.length;
  });
  return bytes;
}

/** Destinations of the server itself; `/.priority` is not one of them. */
export function isReserved(destination: string): boolean {
  return destination.startsWith('/.') && destination !== '/.priority';
}

const MAX_CACHED_PATHS = 1_000;
const MAX_CACHED_LENGTH = 256;

/** Parsed destinations, since clients name the same ones again and again. */
class PathCache {
  readonly #paths = new Map<string, Path>();

  /** Throws TreeError `invalid-path`. */
  parse(destination: string): Path {
    const known = this.#paths.get(destination);
    if (known !== undefined) return known;
    const path = parsePath(destination);
    if (destination.length > MAX_CACHED_LENGTH) return path;
    if (this.#paths.size >= MAX_CACHED_PATHS) this.#paths.clear();
    this.#paths.set(destination, path);
    return path;
  }
}

/** Shared by all sessions: a pure function's memory. */
export const PATHS: PathCache = new PathCache();
