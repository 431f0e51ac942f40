import type { Encoder, ViewEvent } from '@backside/api';
import { HEADERS } from '@backside/protocol';
import { canWriteHeader, formatHeaders, type Version } from '@backside/stomp';
import { type Format, formatPath } from '@backside/tree';
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

/** Names that the server sets itself on a MESSAGE, so that no writer's header can stand in for them. */
const OWN_HEADERS = new Set(['subscription', 'message-id', 'ack', 'destination', 'content-length', 'content-type']);
const JSON_TYPE: readonly [string, string] = ['content-type', 'application/json'];

/**
 * Makes the MESSAGE of an event. The octets depend on nothing but the options, so all subscribers with equal options
 * share one encoder and one result.
 */
export class MessageEncoder implements Encoder<Uint8Array> {
  readonly options: EncoderOptions;
  readonly #subscriptionLine: string;
  readonly #viewTag: string;

  constructor(options: EncoderOptions) {
    this.options = options;
    const { subscription, version } = options;
    this.#subscriptionLine = subscription === undefined ? '' : formatHeaders([['subscription', subscription]], version);
    this.#viewTag = tagOf(options.view);
  }

  encode(event: ViewEvent): Uint8Array {
    if (this.options.envelope === 'original') return this.#encodeOriginal(event);
    return this.#message(this.messageId(event), this.#eventLines(event), event.body(this.options.format));
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

  #eventLines(event: ViewEvent): string {
    const { version, epoch } = this.options;
    const headers: (readonly [string, string])[] = [['destination', formatPath(event.path)]];
    headers.push(event.headers.find(([name]) => name === 'content-type') ?? JSON_TYPE);
    headers.push([HEADERS.event, event.kind], [HEADERS.revision, String(event.revision)]);
    if (event.snapshot) headers.push([HEADERS.epoch, epoch]);
    if (event.resumed !== null) headers.push([HEADERS.resumed, String(event.resumed)]);
    if (event.warning !== null) headers.push([HEADERS.warning, event.warning]);
    for (const header of event.headers) if (!OWN_HEADERS.has(header[0])) headers.push(header);
    return formatHeaders(writable(headers, version), version);
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
    const lines = formatHeaders([['destination', path], JSON_TYPE], this.options.version);
    return this.#message(messageId, lines, Buffer.from(`{"key":${JSON.stringify(path)},"message":${valueJson}}`));
  }
}

/** What a version cannot carry is left out: a missing application header does less harm than a broken frame. */
function writable(headers: readonly (readonly [string, string])[], version: Version): readonly (readonly [string, string])[] {
  const all = headers.every(([name, value]) => canWriteHeader(name, value, version));
  return all ? headers : headers.filter(([name, value]) => canWriteHeader(name, value, version));
}

function ackLine(messageId: string, subscription: string | undefined): string {
  return formatHeaders([['ack', formatAck(messageId, subscription ?? '')]], '1.2');
}

/** The `ack` of a 1.2 MESSAGE: derived, so that all receivers with the same subscription id get the same octets. */
export function formatAck(messageId: string, subscription: string): string {
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
