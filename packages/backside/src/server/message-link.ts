import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:cluster';

/** One named conversation with the process at the other end of a link; others do not see its messages. */
export interface LinkChannel {
  /** Does nothing once the link is lost. */
  send(message: unknown): void;
  /** About how many bytes of all channels together wait for the other process to take them. */
  readonly unsentBytes: number;
  onMessage(handler: (message: unknown) => void): () => void;
  /** Calls `handler` once when the link is lost, or soon after if it already is. */
  onClose(handler: () => void): void;
}

/** The end of a process link: a cluster worker as the primary sees it, or `process` as a worker sees it. */
type LinkEnd = Pick<Worker | ChildProcess | NodeJS.Process, 'on' | 'off'> & {
  send?(message: unknown, callback?: (error: Error | null) => void): boolean;
  connected?: boolean;
  isConnected?(): boolean;
};

interface Envelope {
  readonly channel: string;
  readonly message: unknown;
}

export interface LinkLimit {
  /** How much may wait for the other process. */
  readonly maxUnsentBytes: number;
  /** Called when more does. What waits already stays in memory until the link is lost. */
  readonly onExceeded: () => void;
}

/** What a message takes beside the bytes, texts and numbers in it. */
const MESSAGE_BYTES = 200;

/** Carries any number of named channels over one process link. */
export class MessageLink {
  readonly #end: LinkEnd;
  readonly #handlers = new Map<string, Set<(message: unknown) => void>>();
  readonly #closeHandlers = new Set<() => void>();
  readonly #limit: LinkLimit | null;
  #unsentBytes = 0;
  #closed = false;

  constructor(end: LinkEnd, limit: LinkLimit | null = null) {
    this.#end = end;
    this.#limit = limit;
    end.on('message', (envelope: unknown) => this.#receive(envelope));
    end.on('disconnect', () => this.#close());
  }

  channel(name: string): LinkChannel {
    const unsentBytes = (): number => this.#unsentBytes;
    return {
      send: (message) => this.#send({ channel: name, message }),
      get unsentBytes() {
        return unsentBytes();
      },
      onMessage: (handler) => {
        const handlers = this.#handlers.get(name) ?? new Set();
        this.#handlers.set(name, handlers.add(handler));
        return () => handlers.delete(handler);
      },
      onClose: (handler) => {
        if (this.#closed) queueMicrotask(handler);
        else this.#closeHandlers.add(handler);
      },
    };
  }

  /** A message to a process that has just gone is lost like the process: `disconnect` tells of it. */
  #send(envelope: Envelope): void {
    if (this.#closed) return;
    const bytes = MESSAGE_BYTES + bytesIn(envelope.message);
    this.#unsentBytes += bytes;
    this.#end.send?.(envelope, () => {
      this.#unsentBytes -= bytes;
    });
    if (this.#limit !== null && this.#unsentBytes > this.#limit.maxUnsentBytes) this.#limit.onExceeded();
  }

  #receive(envelope: unknown): void {
    if (!isEnvelope(envelope)) return;
    for (const handler of this.#handlers.get(envelope.channel) ?? []) handler(envelope.message);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const handler of this.#closeHandlers) handler();
    this.#closeHandlers.clear();
  }
}

/** About how much there is in a message. */
function bytesIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value) && typeof value[0] === 'number') return 8 * value.length;
  let bytes = 0;
  for (const part of Object.values(value)) bytes += bytesIn(part);
  return bytes;
}

/** Other messages travel on the same link: those of node:cluster itself and of the metrics. */
function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && 'channel' in message && typeof message.channel === 'string';
}
