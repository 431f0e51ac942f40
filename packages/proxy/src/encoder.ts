import type { Encoder, ViewEvent } from '@backside/api';
import { formatHeaders, type Version } from '@backside/stomp';
import { type Format, formatPath } from '@backside/tree';
import { type EventLines, originalLines } from './event-lines.js';
import { assembleFrame } from './framing.js';
import type { Framing } from './transport.js';

export type AckMode = 'auto' | 'client' | 'client-individual';

/** How bodies are shaped: plain values, or as the original Backside client expects them. */
export type Envelope = 'plain' | 'original';

/** All that decides the octets which a subscriber gets for an event of its view. */
export interface EncoderOptions {
  readonly framing: Framing;
  readonly version: Version;
  /** The client's name for the subscription; 1.0 clients need none. */
  readonly subscription: string | undefined;
  readonly ackMode: AckMode;
  readonly format: Format;
  readonly envelope: Envelope;
  /** Tells views apart in message ids: the listened path and the canonical query. */
  readonly view: string;
  /** The history that revisions belong to; sent with whole states. */
  readonly epoch: string;
}

/**
 * Makes the MESSAGE of an event. The octets depend on nothing but the options, so all subscribers with equal options
 * share one encoder and one result.
 */
export class MessageEncoder implements Encoder<Uint8Array> {
  readonly options: EncoderOptions;
  readonly #lines: EventLines;
  readonly #subscriptionLine: string;
  readonly #viewTag: string;

  constructor(options: EncoderOptions, lines: EventLines) {
    this.options = options;
    this.#lines = lines;
    const { subscription, version } = options;
    this.#subscriptionLine = subscription === undefined ? '' : formatHeaders([['subscription', subscription]], version);
    this.#viewTag = tagOf(options.view);
  }

  get format(): Format {
    return this.options.format;
  }

  encode(event: ViewEvent): Uint8Array {
    if (this.options.envelope === 'original') return this.#encodeOriginal(event);
    const { version, epoch, format } = this.options;
    return this.#message(this.messageId(event), this.#lines.of(event, version, epoch), event.body(format));
  }

  /** Equal for all receivers of the event, different for all events of one connection. */
  messageId(event: ViewEvent): string {
    return `${event.id}-${this.#viewTag}`;
  }

  #message(messageId: string, lines: string, body: Uint8Array): Uint8Array {
    const { framing, version, ackMode } = this.options;
    const ack = version === '1.2' && ackMode !== 'auto' ? ackLine(messageId, this.options.subscription) : '';
    const head = `MESSAGE\n${this.#subscriptionLine}message-id:${messageId}\n${ack}${lines}content-length:${body.byteLength}\n`;
    return assembleFrame(framing, head, body);
  }

  /** The original client knows whole values only, so each path of a patch becomes a MESSAGE of its own. */
  #encodeOriginal(event: ViewEvent): Uint8Array {
    const body = event.body(this.options.format);
    const id = this.messageId(event);
    const path = formatPath(event.path);
    if (event.kind === 'put') return this.#original(id, path, Buffer.from(body).toString());
    const patch: unknown = JSON.parse(Buffer.from(body).toString());
    const messages = Object.entries(patch as Record<string, unknown>).map(([relative, value], index) =>
      this.#original(`${id}-${index}`, path === '/' ? `/${relative}` : `${path}/${relative}`, JSON.stringify(value)),
    );
    return messages.length === 1 ? messages[0]! : Buffer.concat(messages);
  }

  #original(messageId: string, path: string, valueJson: string): Uint8Array {
    const lines = originalLines(path, this.options.version);
    return this.#message(messageId, lines, Buffer.from(`{"key":${JSON.stringify(path)},"message":${valueJson}}`));
  }
}

function ackLine(messageId: string, subscription: string | undefined): string {
  return formatHeaders([['ack', formatAck(messageId, subscription ?? '')]], '1.2');
}

/** The `ack` of a 1.2 MESSAGE: derived, so that all receivers with the same subscription id get the same octets. */
function formatAck(messageId: string, subscription: string): string {
  return `${messageId}_${subscription}`;
}

/** The parts of an `ack`, or null if the text cannot be one. Message ids hold no underscore. */
export function parseAck(ack: string): { messageId: string; subscription: string } | null {
  const at = ack.indexOf('_');
  return at < 0 ? null : { messageId: ack.slice(0, at), subscription: ack.slice(at + 1) };
}

/** FNV-1a over the UTF-16 units, in base 36: the same on every node. */
function tagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36);
}
