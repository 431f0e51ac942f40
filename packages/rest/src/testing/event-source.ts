import { type IncomingMessage, request } from 'node:http';

/** One server-sent event. */
export interface SentEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: unknown;
}

/** Listens as an EventSource does; resolves with the head of the answer, which may be a refusal. */
export function listenTo(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SentEvents> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } });
    sent.on('error', reject);
    sent.on('response', (response) => resolve(new SentEvents(response)));
    sent.end();
  });
}

/** A stream of events. */
export class SentEvents {
  readonly status: number;
  isEnded = false;
  readonly #response: IncomingMessage;
  #events: SentEvent[] = [];
  #text = '';
  #wake: () => void = () => {};

  constructor(response: IncomingMessage) {
    this.status = response.statusCode ?? 0;
    this.#response = response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => {}); // What cuts the stream off is seen as its end.
    response.on('close', () => {
      this.isEnded = true;
      this.#wake();
    });
  }

  #read(text: string): void {
    const blocks = `${this.#text}${text}`.split('\n\n');
    this.#text = blocks.pop() ?? '';
    if (this.status !== 200) return;
    for (const block of blocks) this.#events.push(parseEvent(block));
    this.#wake();
  }

  /** What has come since the last call. */
  take(): SentEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The next event; rejects when the stream ends first. */
  async next(): Promise<SentEvent> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined) return event;
      if (this.isEnded) throw new Error('the stream has ended');
      await this.#change();
    }
  }

  /** Resolves when the server has ended the stream. */
  async ended(): Promise<void> {
    while (!this.isEnded) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  close(): void {
    this.#response.destroy();
  }
}

function parseEvent(block: string): SentEvent {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const id = fields.get('id');
  return {
    event: fields.get('event') ?? 'message',
    ...(id !== undefined && { id }),
    data: JSON.parse(fields.get('data') ?? 'null'),
  };
}
