import { type IncomingMessage, request } from 'node:http';

/** One server-sent event. */
export interface EventLine {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** An open stream of server-sent events. */
export interface EventLines {
  /** What has come since the last call. */
  take(): EventLine[];
  /** Whether the server has ended it. */
  readonly ended: boolean;
  close(): void;
}

/** Listens to a URL; rejects with the status if it is refused. */
export function openEventStream(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventLines> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, headers: { accept: 'text/event-stream', ...headers } });
    sent.on('error', reject);
    sent.on('response', (response) => {
      if (response.statusCode === 200) resolve(new Reading(response));
      else {
        response.resume();
        reject(new Error(`the stream was refused with ${response.statusCode}`));
      }
    });
    sent.end();
  });
}

class Reading implements EventLines {
  readonly #response: IncomingMessage;
  #events: EventLine[] = [];
  #text = '';
  ended = false;

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('close', () => {
      this.ended = true;
    });
    // What cuts the stream off is seen as its end.
    response.on('error', () => {});
  }

  #read(text: string): void {
    const blocks = `${this.#text}${text}`.split('\n\n');
    this.#text = blocks.pop() ?? '';
    for (const block of blocks) this.#events.push(parseBlock(block));
  }

  take(): EventLine[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  close(): void {
    this.#response.destroy();
  }
}

function parseBlock(block: string): EventLine {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    fields.set(line.slice(0, colon), line.slice(colon + 2));
  }
  return {
    event: fields.get('event') ?? 'message',
    id: fields.get('id'),
    data: JSON.parse(fields.get('data') ?? 'null'),
  };
}
