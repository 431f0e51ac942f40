import { unescapeHeader } from './escape.js';
import { isConnectCommand } from './frame.js';
import { Headers } from './headers.js';
import { type FrameNames, StompError } from './stomp-error.js';
import type { Version } from './version.js';

/** The part of a frame before its body. */
export interface Head {
  readonly command: string;
  readonly headers: Headers;
}

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Heads longer than this are decoded into strings of their own, see `detached`. */
const LONG_HEAD = 2048;

/**
 * Command and headers from the octets of a header section: lines that end in LF or CR LF, without the blank line after
 * them. `version` is null before CONNECT. Throws StompError `invalid-frame`, with the names of the frame if they can be read.
 */
export function parseHead(octets: Uint8Array, version: Version | null): Head {
  try {
    return headOf(decode(octets), version);
  } catch (error) {
    if (error instanceof StompError) throw new StompError(error.code, error.message, readNames(octets, version));
    throw error;
  }
}

function decode(octets: Uint8Array): string {
  try {
    return DECODER.decode(octets);
  } catch {
    throw new StompError('invalid-frame', 'a header is not UTF-8');
  }
}

function headOf(text: string, version: Version | null): Head {
  const end = text.indexOf('\n');
  const command = text.slice(0, lineEnd(text, 0, end));
  if (command.includes('\r')) throw new StompError('invalid-frame', 'a carriage return in a command');
  const flat = splitHeaders(text, end + 1);
  if (text.includes('\\') && version !== null && !isConnectCommand(command)) unescapeAll(flat, version);
  if (isPadded(command, flat, version)) trimValues(flat);
  return { command, headers: new Headers(flat) };
}

/** Where the line from `start` to the line feed at `end` ends without its carriage return. */
function lineEnd(text: string, start: number, end: number): number {
  return end > start && text.charCodeAt(end - 1) === 13 ? end - 1 : end;
}

function splitHeaders(text: string, from: number): string[] {
  const copy = text.length > LONG_HEAD ? detached : itself;
  const flat: string[] = [];
  for (let start = from; start < text.length; ) {
    const next = text.indexOf('\n', start);
    const colon = text.indexOf(':', start);
    if (colon < 0 || colon > next) throw new StompError('invalid-frame', 'a header line without a colon');
    if (colon === start) throw new StompError('invalid-frame', 'a header without a name');
    flat.push(copy(text.slice(start, colon)), copy(text.slice(colon + 1, lineEnd(text, colon + 1, next))));
    start = next + 1;
  }
  return flat;
}

function itself(text: string): string {
  return text;
}

/** A copy that does not keep the text alive from which it was cut, as engines do that slice without copying. */
function detached(text: string): string {
  return ` ${text}`.slice(1);
}

function unescapeAll(flat: string[], version: Version): void {
  for (let index = 0; index < flat.length; index++) flat[index] = unescapeHeader(flat[index]!, version);
}

/** 1.0 pads values (`login: bob`, as its own text does); later versions do not, nor does who names them. */
function isPadded(command: string, flat: readonly string[], version: Version | null): boolean {
  if (version === '1.0') return true;
  if (version !== null || (command !== 'CONNECT' && command !== 'STOMP')) return false;
  return !flat.some((text, index) => index % 2 === 0 && text === 'accept-version');
}

function trimValues(flat: string[]): void {
  for (let index = 1; index < flat.length; index += 2) {
    if (flat[index]!.startsWith(' ')) flat[index] = flat[index]!.replace(/^ +/, '');
  }
}

/** The names of a frame whose head is incomplete or cannot be read; only whole lines are looked at. */
export function readNames(octets: Uint8Array, version: Version | null): FrameNames {
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(octets).split('\n').slice(0, -1);
  const command = lines.shift()?.replace(/\r$/, '');
  if (command === undefined || isConnectCommand(command)) return {};
  return namesOf(command, (name) => readValue(lines, name, version));
}

/** What a frame is called by these headers. */
export function namesOf(command: string, get: (name: string) => string | undefined): FrameNames {
  return { receipt: get('receipt'), subscription: command === 'SUBSCRIBE' ? get('id') : undefined };
}

function readValue(lines: readonly string[], name: string, version: Version | null): string | undefined {
  const line = lines.find((text) => text.startsWith(`${name}:`))?.replace(/\r$/, '');
  if (line === undefined || line.includes('\uFFFD') || line.includes('\0')) return undefined;
  const value = line.slice(name.length + 1);
  return version === null ? value : unescapedValue(value, version);
}

function unescapedValue(text: string, version: Version): string | undefined {
  try {
    return unescapeHeader(version === '1.0' ? text.replace(/^ +/, '') : text, version);
  } catch (error) {
    if (error instanceof StompError) return undefined;
    throw error;
  }
}
