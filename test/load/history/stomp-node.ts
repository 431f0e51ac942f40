import { connect as connectSocket, type Socket } from 'node:net';
import { hashNode, type Node } from '@backside/tree';
import { escapeText, FrameReader, type ReceivedFrame } from '../../harness/stomp-reader.js';
import type { Json } from '../json-tree.js';
import type { Answer, Condition, Step, Write } from './history.js';
import type { Connection, LoadNode, Told, ToldEvent } from './load-node.js';

/** An answer that does not come for so long is given up, and the connection with it. */
const PATIENCE_MS = 8_000;
const BEAT_MS = 1_000;
/** A server that says nothing for so long, not even a heart-beat, is given up. */
const SILENCE_MS = 4_000;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** A server by its STOMP port; the address is asked anew for each connection. */
export function stompNode(name: string, address: () => Address): LoadNode {
  return { name, connect: () => StompConnection.open(address()) };
}

type Headers = Readonly<Record<string, string>>;

class StompConnection implements Connection {
  readonly closed: Promise<void>;
  epoch = '';
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #answers = new Map<string, (answer: Answer | null) => void>();
  readonly #subscriptions = new Map<string, (frame: ReceivedFrame) => void>();
  readonly #watch: NodeJS.Timeout;
  #connected: () => void = () => {};
  #names = 0;
  #heardAt = performance.now();

  private constructor(address: Address) {
    this.#socket = connectSocket({ ...address, noDelay: true });
    this.#socket.on('error', () => this.end());
    this.#socket.on('data', (octets) => this.#read(octets));
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => {
        this.#over();
        resolve();
      });
    });
    this.#watch = setInterval(() => {
      if (performance.now() - this.#heardAt > SILENCE_MS) this.end();
    }, BEAT_MS);
  }

  static async open(address: Address): Promise<StompConnection> {
    const connection = new StompConnection(address);
    const connected = new Promise<boolean>((resolve) => {
      connection.#connected = () => resolve(true);
    });
    connection.#send('CONNECT', { 'accept-version': '1.2', host: 'localhost', 'heart-beat': `0,${BEAT_MS}` });
    const isThere = await Promise.race([connected, connection.closed.then(() => false)]);
    if (!isThere) throw new Error(`no connection to ${address.host}:${address.port}`);
    connection.#send('SUBSCRIBE', { id: 'errors', destination: '/.errors' });
    return connection;
  }

  async write(write: Write, key: string | null): Promise<Answer | null> {
    const receipt = this.#name();
    const last = { receipt, ...(key !== null && { 'idempotency-key': key }) };
    const answer = this.#answer(receipt);
    if (write.steps.length === 1) this.#sendStep(write.steps[0]!, write, last);
    else {
      const transaction = receipt;
      this.#send('BEGIN', { transaction });
      for (const step of write.steps) this.#sendStep(step, write, { transaction });
      this.#send('COMMIT', { transaction, ...last });
    }
    return answer;
  }

  async read(path: string): Promise<Told | null> {
    const id = this.#name();
    const told = new Promise<Told>((resolve) => {
      this.#subscriptions.set(id, (frame) => resolve(toldBy(frame)));
    });
    this.#send('SUBSCRIBE', { id, destination: path, once: 'true' });
    const answer = await Promise.race([told, this.#answer(id)]);
    this.#answers.get(id)?.(null);
    this.#subscriptions.delete(id);
    return answer !== null && 'value' in answer ? answer : null;
  }

  listen(path: string, resume: string | null, heard: (event: ToldEvent) => void): void {
    const id = this.#name();
    let first = true;
    this.#subscriptions.set(id, (frame) => {
      heard({ ...this.#eventOf(frame), first });
      first = false;
    });
    this.#send('SUBSCRIBE', { id, destination: path, ...(resume !== null && { resume }) });
  }

  end(): void {
    this.#socket.destroy();
  }

  #sendStep(step: Step, { conditions }: Write, further: Headers): void {
    const condition = conditions.find(({ path }) => path === step.path);
    const body = 'increment' in step ? { '.sv': { increment: step.increment } } : step.value;
    const headers = { destination: step.path, ...further, ...(condition && { 'if-match': ifMatch(condition) }) };
    this.#send('SEND', headers, JSON.stringify(body));
  }

  #eventOf(frame: ReceivedFrame): Omit<ToldEvent, 'first'> {
    const resumed = frame.headers.get('resumed');
    return {
      epoch: frame.headers.get('epoch') ?? this.epoch,
      revision: Number(frame.headers.get('revision')),
      kind: frame.headers.get('event') === 'patch' ? 'patch' : 'put',
      path: frame.headers.get('destination') ?? '',
      body: JSON.parse(frame.text) as Json,
      resumed: resumed === undefined ? null : resumed === 'true',
    };
  }

  #send(command: string, headers: Headers, body = ''): void {
    const version = command === 'CONNECT' ? null : '1.2';
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${escapeText(value, version)}\n`);
    this.#socket.write(`${command}\n${lines.join('')}\n${body}\0`);
  }

  #read(octets: Buffer): void {
    this.#heardAt = performance.now();
    for (const frame of this.#reader.push(octets)) this.#take(frame);
  }

  #take(frame: ReceivedFrame): void {
    const { command, headers } = frame;
    if (command === 'CONNECTED') {
      this.epoch = headers.get('epoch') ?? '';
      this.#connected();
    } else if (command === 'RECEIPT') {
      const revision = Number(headers.get('revision'));
      this.#answers.get(headers.get('receipt-id') ?? '')?.({ kind: 'acknowledged', revision });
    } else if (command === 'MESSAGE' && headers.get('destination') === '/.errors') {
      this.#refused(headers.get('receipt-id'), headers.get('code') ?? '');
    } else if (command === 'MESSAGE') {
      this.#subscriptions.get(headers.get('subscription') ?? '')?.(frame);
    } else {
      this.end();
    }
  }

  /** After `unavailable` a write may or may not have been stored. What is not about a write is about a listen, which is tried anew. */
  #refused(receipt: string | undefined, code: string): void {
    const answer = receipt === undefined ? undefined : this.#answers.get(receipt);
    if (answer === undefined) this.end();
    else answer(code === 'unavailable' ? null : { kind: 'refused', code });
  }

  #answer(receipt: string): Promise<Answer | null> {
    if (this.#socket.destroyed) return Promise.resolve(null);
    const late = setTimeout(() => this.end(), PATIENCE_MS);
    const answer = new Promise<Answer | null>((resolve) => this.#answers.set(receipt, resolve));
    return answer.finally(() => {
      clearTimeout(late);
      this.#answers.delete(receipt);
    });
  }

  #over(): void {
    clearInterval(this.#watch);
    for (const answer of this.#answers.values()) answer(null);
  }

  #name(): string {
    this.#names += 1;
    return `n${this.#names}`;
  }
}

function toldBy(frame: ReceivedFrame): Told {
  const revision = Number(frame.headers.get('revision'));
  return { revision, value: JSON.parse(frame.text) as Json, stale: frame.headers.has('stale') };
}

function ifMatch(condition: Condition): string {
  return 'revision' in condition ? String(condition.revision) : hashNode(condition.value as Node);
}
