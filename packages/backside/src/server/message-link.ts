import type { ChildProcess } from 'node:child_process';
import type { Worker } from 'node:cluster';

/** One named conversation with the process at the other end of a link; others do not see its messages. */
export interface LinkChannel {
  /** Does nothing once the link is lost. */
  send(message: unknown): void;
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

/** Carries any number of named channels over one process link. */
export class MessageLink {
  readonly #end: LinkEnd;
  readonly #handlers = new Map<string, Set<(message: unknown) => void>>();
  readonly #closeHandlers = new Set<() => void>();
  #closed = false;

  constructor(end: LinkEnd) {
    this.#end = end;
    end.on('message', (envelope: unknown) => this.#receive(envelope));
    end.on('disconnect', () => this.#close());
  }

  channel(name: string): LinkChannel {
    return {
      send: (message) => this.#send({ channel: name, message }),
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
    if (!this.#closed) this.#end.send?.(envelope, () => {});
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

/** Other messages travel on the same link: those of node:cluster itself and of the metrics. */
function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && 'channel' in message && typeof message.channel === 'string';
}
