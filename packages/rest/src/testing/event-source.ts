/** One server-sent event. */
export interface SentEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: unknown;
}

/** An open stream of events. */
export interface SentEvents {
  readonly status: number;
  /** The next event; rejects when the stream ends first. */
  next(): Promise<SentEvent>;
  /** Resolves when the server has ended the stream; what it sent before is dropped. */
  ended(): Promise<void>;
  close(): void;
}

/** Listens with `fetch`, as an EventSource does. */
export async function listenTo(url: string, headers: Readonly<Record<string, string>> = {}): Promise<SentEvents> {
  const abort = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: abort.signal });
  const events = parseEvents(response.body ?? new ReadableStream());
  return {
    status: response.status,
    next: async () => {
      const { value, done } = await events.next();
      if (done) throw new Error('the stream has ended');
      return value;
    },
    ended: async () => {
      for (;;) if ((await events.next()).done) return;
    },
    close: () => abort.abort(),
  };
}

async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<SentEvent, undefined> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      yield parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

function parseEvent(block: string): SentEvent {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
  const id = fields.get('id');
  return {
    event: fields.get('event') ?? 'message',
    ...(id !== undefined && { id }),
    data: JSON.parse(fields.get('data') ?? 'null'),
  };
}
