export type Version = '1.0' | '1.1' | '1.2';

/** A frame from the server. */
export interface ReceivedFrame {
  readonly command: string;
  /** The lines of the head as they stood on the wire, command included. */
  readonly lines: readonly string[];
  /** Decoded; the first of repeated ones. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** The version of the session when it came; null before CONNECTED. */
  readonly version: Version | null;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
}

const LF = 10;
const CR = 13;

/** Reads server frames slowly and plainly: everything that is not yet a frame lies in one buffer. */
export class FrameReader {
  version: Version | null = null;
  /** Line ends between frames, those that follow a frame included. */
  lineEnds = 0;
  /** Frames whose NUL was directly followed by something else than a line end. */
  framesWithoutLineEnd = 0;
  /** What made the stream unreadable; everything after it is dropped. */
  broken: string | null = null;
  #buffer: Buffer = Buffer.alloc(0);
  #afterFrame = false;

  /** No octet of an unfinished frame is waiting. */
  get betweenFrames(): boolean {
    return this.#buffer.length === 0;
  }

  /** The last frame's line end has not come. */
  get lineEndMissing(): boolean {
    return this.#afterFrame;
  }

  push(octets: Buffer): ReceivedFrame[] {
    if (this.broken !== null) return [];
    this.#buffer = this.#buffer.length === 0 ? octets : Buffer.concat([this.#buffer, octets]);
    const frames: ReceivedFrame[] = [];
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): ReceivedFrame | null {
    this.#skipLineEnds();
    const headEnd = this.#buffer.indexOf('\n\n');
    if (headEnd < 0) return null;
    const lines = this.#buffer.subarray(0, headEnd).toString().split('\n');
    const headers = decodeHeaders(lines, this.version);
    const bodyStart = headEnd + 2;
    const length = headers.get('content-length');
    const bodyEnd = length === undefined ? this.#buffer.indexOf(0, bodyStart) : bodyStart + Number(length);
    if (bodyEnd < 0 || bodyEnd >= this.#buffer.length) return null;
    if (this.#buffer[bodyEnd] !== 0) {
      this.broken = `no NUL at the end of ${lines.join(' | ')}`;
      return null;
    }
    const body = Buffer.from(this.#buffer.subarray(bodyStart, bodyEnd));
    this.#buffer = this.#buffer.subarray(bodyEnd + 1);
    this.#afterFrame = true;
    if (lines[0] === 'CONNECTED') this.version = (headers.get('version') as Version | undefined) ?? '1.0';
    const text = body.toString();
    return { command: lines[0]!, lines, headers, body, text, version: this.version, at: performance.now() };
  }

  #skipLineEnds(): void {
    let start = 0;
    while (this.#buffer[start] === LF || this.#buffer[start] === CR) start += 1;
    if (this.#afterFrame && this.#buffer.length > 0) {
      if (start === 0) this.framesWithoutLineEnd += 1;
      this.#afterFrame = false;
    }
    this.lineEnds += this.#buffer.subarray(0, start).filter((octet) => octet === LF).length;
    this.#buffer = this.#buffer.subarray(start);
  }
}

function decodeHeaders(lines: readonly string[], version: Version | null): Map<string, string> {
  const headers = new Map<string, string>();
  const decode =
    lines[0] === 'CONNECTED' || version === null || version === '1.0' ? (text: string) => text : unescapeText;
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = decode(line.slice(0, colon));
    if (!headers.has(name)) headers.set(name, decode(line.slice(colon + 1)));
  }
  return headers;
}

const MEANINGS: Readonly<Record<string, string>> = { n: '\n', r: '\r', c: ':', '\\': '\\' };

function unescapeText(text: string): string {
  let plain = '';
  for (let index = 0; index < text.length; index++) {
    if (text[index] !== '\\') plain += text[index];
    else plain += MEANINGS[text[++index] ?? ''] ?? '\uFFFD';
  }
  return plain;
}

/** A header name or value as a correct client of this version writes it. */
export function escapeText(text: string, version: Version | null): string {
  if (version === null || version === '1.0') return text;
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(':', '\\c');
  return version === '1.2' ? escaped.replaceAll('\r', '\\r') : escaped;
}
