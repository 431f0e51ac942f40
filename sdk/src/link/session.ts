import { DESTINATIONS, HEADERS } from '@backside/protocol';
import {
  formatHeartbeat,
  formatTextFrame,
  negotiateHeartbeat,
  parseHeartbeat,
  type TextFrame,
  TextFrameReader,
} from '@backside/stomp';
import type { Environment } from './environment.js';
import { Liveness } from './liveness.js';
import { type MessageLimit, Outbox } from './outbox.js';
import { refusalIn, refusalOf } from './refusal.js';
import type { RefusedError } from './refused-error.js';
import type { Socket } from './socket.js';

const VERSION = '1.2';
const ERRORS_ID = 'errors';

/** The headers of a frame from the server. */
export type Headers = TextFrame['headers'];

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What a frame with a receipt came to: the headers of its RECEIPT, or why it was refused. */
export type Answer = Headers | RefusedError;

/** The receiving end of one subscription. */
export interface Subscriber {
  message(headers: Headers, body: string): void;
  /** The server ended it. */
  refused(error: RefusedError): void;
}

export interface SessionOptions {
  readonly socket: Socket;
  readonly environment: Environment;
  /** The name of the database, or of the server's host. */
  readonly host: string;
  readonly token: string | null;
  /** Made smaller when the other side has found a message too long. */
  readonly messageLimit: MessageLimit;
  /** The interval asked for, in both directions. */
  readonly heartbeatMs: number;
  /** The server has let us in. */
  readonly onOpen: (session: Session) => void;
  /** The connection is over. Called once, also after `close`. */
  readonly onEnd: (session: Session, reason: Error) => void;
}

/**
 * One STOMP connection, from its socket to its end: frames with receipts get their answers, subscriptions their messages. It knows
 * neither the tree nor what must outlive it. It listens to the server's refusals, so that a refused frame does not end it.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #reader = new TextFrameReader((frame) => this.#receive(frame));
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #outbox: Outbox;
  readonly #answers = new Map<string, (answer: Answer) => void>();
  /** Null for one that was ended here, until the server knows. */
  readonly #subscribers = new Map<string, Subscriber | null>();
  #liveness: Liveness | null = null;
  #connectSentAt = 0;
  #requests = 0;
  #over = false;
  /** Whether the server has let us in. */
  wasOpen = false;
  epoch = '';
  /** Server time minus client time, in milliseconds, good to half a round trip. */
  serverTimeOffset = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { socket, messageLimit } = options;
    this.#outbox = new Outbox(socket, messageLimit);
    socket.onOpen = () => this.#connect();
    socket.onData = (data) => this.#read(data);
    socket.onClose = (reason, tooLong) => {
      if (tooLong && messageLimit.length > 256) messageLimit.length /= 2;
      this.#end(new Error(reason));
    };
  }

  /** Sends a frame and wants no answer. */
  send(command: string, headers: HeaderList, body?: string): void {
    if (this.#over) return;
    this.#outbox.add(formatTextFrame({ command, headers, body }));
    this.#liveness?.sent();
  }

  /** Sends a frame and calls back with its answer, in the order of sending; not at all if the connection ends first. */
  request(
    frame: { command: string; headers: HeaderList; body?: string | undefined },
    answered: (answer: Answer) => void,
  ): void {
    const id = String(++this.#requests);
    this.#answers.set(id, answered);
    // First, so that the server can name it whatever is wrong with what follows.
    this.send(frame.command, [['receipt', id], ...frame.headers], frame.body);
  }

  /**
   * Subscribes, and returns the id for `unsubscribe`: `name` if that is free. Clients that use the same names for the same things
   * are served cheaper.
   */
  subscribe(name: string, headers: HeaderList, subscriber: Subscriber): string {
    let id = name;
    for (let count = 2; this.#subscribers.has(id); count++) id = `${name}.${count}`;
    this.#subscribers.set(id, subscriber);
    this.send('SUBSCRIBE', [['id', id], ...headers]);
    return id;
  }

  /** Nothing more is handed to the subscriber. */
  unsubscribe(id: string): void {
    if (this.#subscribers.get(id) == null) return;
    this.#subscribers.set(id, null);
    this.request({ command: 'UNSUBSCRIBE', headers: [['id', id]] }, () => this.#subscribers.delete(id));
  }

  /** There is reason to believe that the line is dead: finds out within seconds. */
  doubt(): void {
    this.#liveness?.doubt();
  }

  /** Says goodbye and closes. */
  close(reason: Error): void {
    if (this.wasOpen) this.send('DISCONNECT', []);
    this.#end(reason);
  }

  #connect(): void {
    const { environment, host, token, heartbeatMs } = this.#options;
    const headers: [string, string][] = [
      ['accept-version', VERSION],
      ['host', host],
      ['heart-beat', formatHeartbeat({ sendMs: heartbeatMs, receiveMs: heartbeatMs })],
    ];
    if (token !== null) headers.push([HEADERS.token, token]);
    this.#connectSentAt = environment.now();
    this.send('CONNECT', headers);
  }

  #read(data: Uint8Array | string): void {
    if (this.#over) return;
    this.#liveness?.received();
    try {
      this.#reader.push(typeof data === 'string' ? data : this.#decoder.decode(data, { stream: true }));
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #receive(frame: TextFrame): void {
    if (this.#over) return;
    switch (frame.command) {
      case 'MESSAGE':
        this.#message(frame);
        break;
      case 'RECEIPT':
        this.#answer(frame.headers.get('receipt-id'), frame.headers);
        break;
      case 'CONNECTED':
        this.#opened(frame.headers);
        break;
      case 'ERROR':
        this.#failed(frame);
        break;
      default:
        throw new Error(`unexpected ${frame.command}`);
    }
  }

  #opened(headers: Headers): void {
    const { environment, heartbeatMs, onOpen } = this.#options;
    const now = environment.now();
    const own = { sendMs: heartbeatMs, receiveMs: heartbeatMs };
    this.wasOpen = true;
    this.epoch = headers.get(HEADERS.epoch) ?? '';
    this.serverTimeOffset = Number(headers.get(HEADERS.serverTime) ?? now) - (this.#connectSentAt + now) / 2;
    this.#liveness = new Liveness({
      environment,
      agreement: negotiateHeartbeat(own, parseHeartbeat(headers.get('heart-beat')) ?? { sendMs: 0, receiveMs: 0 }),
      beat: () => this.#beat(),
      ask: () => this.#ask(),
      dead: () => this.#end(new Error('the server does not answer')),
    });
    this.subscribe(ERRORS_ID, [['destination', DESTINATIONS.errors]], {
      message: (about, body) => this.#refused(refusalIn(about, body), about.get('receipt-id')),
      refused: (error) => this.#end(error),
    });
    onOpen(this);
  }

  #beat(): void {
    this.#outbox.add('\n');
    this.#liveness?.sent();
  }

  /** Every frame may ask for a receipt; a transaction that is given up at once does nothing else. */
  #ask(): void {
    this.send('BEGIN', [['transaction', 'ask']]);
    this.request({ command: 'ABORT', headers: [['transaction', 'ask']] }, () => {});
  }

  #answer(id: string | undefined, answer: Answer): void {
    const answered = id === undefined ? undefined : this.#answers.get(id);
    if (id === undefined || answered === undefined) return;
    this.#answers.delete(id);
    this.#guarded(() => answered(answer));
  }

  #message(frame: TextFrame): void {
    const subscriber = this.#subscribers.get(frame.headers.get('subscription') ?? '');
    if (subscriber) this.#guarded(() => subscriber.message(frame.headers, frame.body));
  }

  /** A refusal of a single frame, or of a subscription, now or later. */
  #refused(
    { error, subscription }: { error: RefusedError; subscription: string | undefined },
    receipt: string | undefined,
  ): void {
    const subscriber = subscription === undefined ? null : this.#subscribers.get(subscription);
    if (receipt !== undefined) this.#answer(receipt, error);
    if (subscription === undefined || !subscriber) return;
    this.#subscribers.delete(subscription);
    this.#guarded(() => subscriber.refused(error));
  }

  /** The server ends the connection. What it names as the cause would only be refused again. */
  #failed({ headers, body }: TextFrame): void {
    const error = refusalOf(headers, body);
    if (!error.retry) this.#refused({ error, subscription: headers.get('subscription') }, headers.get('receipt-id'));
    this.#end(error);
  }

  /** What an application's callback throws is its own affair. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.environment.report(error);
    }
  }

  #end(reason: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.#liveness?.stop();
    this.#outbox.flush();
    this.#options.socket.close();
    this.#options.onEnd(this, reason);
  }
}
