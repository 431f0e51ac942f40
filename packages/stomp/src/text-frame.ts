import { escapeHeader, unescapeHeader } from './escape.js';
import { isConnectCommand } from './frame.js';
import { StompError } from './stomp-error.js';

/** Ends a frame. */
const NUL = '\0';

/** A frame of STOMP 1.2 whose body is text. */
export interface TextFrame {
  readonly command: string;
  /** Of repeated headers the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A frame of text to be written. */
export interface OutgoingTextFrame {
  /** Written as it is; must come from the program, not from a peer. */
  readonly command: string;
  readonly headers: Iterable<readonly [string, string]>;
  readonly body?: string | undefined;
}

/**
 * Frames of STOMP 1.2 as text, for a client whose bodies hold no NUL, as JSON never does: NUL ends a frame, so neither octets nor
 * `content-length` have to be counted. It bounds nothing; `FrameParser` is for peers that are not trusted.
 */
export class TextFrameReader {
  readonly #onFrame: (frame: TextFrame) => void;
  /** What has come of a frame that has not ended. */
  #kept = '';

  constructor(onFrame: (frame: TextFrame) => void) {
    this.#onFrame = onFrame;
  }

  /** Reads text that is cut anywhere. Throws StompError `invalid-frame`, and what `onFrame` throws; nothing may follow that. */
  push(text: string): void {
    let start = 0;
    for (let end = text.indexOf(NUL); end >= 0; end = text.indexOf(NUL, start)) {
      const frame = this.#kept + text.slice(start, end);
      this.#kept = '';
      start = end + 1;
      this.#onFrame(parseTextFrame(frame));
    }
    const rest = text.slice(start);
    // Joined only once the frame is whole; line ends between frames are heart-beats.
    this.#kept = this.#kept === '' ? rest.replace(/^[\r\n]+/, '') : this.#kept + rest;
  }
}

function parseTextFrame(text: string): TextFrame {
  const headers = new Map<string, string>();
  let command = '';
  for (let start = 0; ; ) {
    const end = text.indexOf('\n', start);
    if (end < 0) throw new StompError('invalid-frame', 'no blank line');
    const line = text.slice(start, text[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    if (line !== '') {
      if (command === '') command = line;
      else addHeader(headers, line, command);
    } else if (command !== '') return { command, headers, body: text.slice(start) };
  }
}

function addHeader(headers: Map<string, string>, line: string, command: string): void {
  const colon = line.indexOf(':');
  if (colon < 1) throw new StompError('invalid-frame', 'a header without a name');
  const version = isConnectCommand(command) ? '1.0' : '1.2';
  const name = unescapeHeader(line.slice(0, colon), version);
  if (!headers.has(name)) headers.set(name, unescapeHeader(line.slice(colon + 1), version));
}

/** The text of a frame. Throws StompError `invalid-header` for what `writeFrame` refuses, `invalid-frame` for a NUL in the body. */
export function formatTextFrame({ command, headers, body = '' }: OutgoingTextFrame): string {
  if (body.includes(NUL)) throw new StompError('invalid-frame', 'NUL in a body of text');
  const raw = isConnectCommand(command);
  let head = `${command}\n`;
  for (const [name, value] of headers) {
    head += `${escapeHeader(name, '1.2', 'name', raw)}:${escapeHeader(value, '1.2', 'value', raw)}\n`;
  }
  return `${head}\n${body}${NUL}`;
}
