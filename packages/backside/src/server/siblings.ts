import type { LinkChannel } from './message-link.js';

/** How long a process may take to answer. */
const PATIENCE_MS = 2_000;

/** What a process can be asked by name; the argument and the answer are JSON. */
type Answerers = Readonly<Record<string, (argument: unknown) => unknown>>;

/** All processes that serve the same data on this machine. */
export interface Siblings {
  /** The answers of all of them, this process included. One that does not answer in time is left out. */
  ask(topic: string, argument: unknown): Promise<readonly unknown[]>;
  /** Sets what this process answers. */
  answer(answerers: Answerers): void;
}

/** For a process that serves alone. */
export function createNoSiblings(): Siblings {
  let own: Answerers = {};
  return {
    ask: async (topic, argument) => [own[topic]?.(argument) ?? null],
    answer: (answerers) => {
      own = answerers;
    },
  };
}

/** From a worker to the primary. */
type FromWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly topic: string; readonly argument: unknown }
  | { readonly kind: 'answer'; readonly question: number; readonly value: unknown };

/** From the primary to a worker. */
type FromPrimary =
  | { readonly kind: 'asked'; readonly question: number; readonly topic: string; readonly argument: unknown }
  | { readonly kind: 'answers'; readonly id: number; readonly values: readonly unknown[] };

/** For a worker: asks through the primary, which knows all of them. */
export function createSiblings(channel: LinkChannel): Siblings {
  const waiting = new Map<number, (values: readonly unknown[]) => void>();
  let own: Answerers = {};
  let nextId = 1;
  channel.onMessage((message) => {
    const told = message as FromPrimary;
    if (told.kind === 'asked') {
      tell({ kind: 'answer', question: told.question, value: own[told.topic]?.(told.argument) ?? null });
    } else {
      waiting.get(told.id)?.(told.values);
      waiting.delete(told.id);
    }
  });
  const tell = (message: FromWorker): void => channel.send(message);
  return {
    ask: (topic, argument) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        tell({ kind: 'ask', id, topic, argument });
      }),
    answer: (answerers) => {
      own = answerers;
    },
  };
}

interface Question {
  readonly values: unknown[];
  missing: number;
  readonly finish: () => void;
}

/** The primary's part: carries questions to all workers, and their answers back. */
export class QuestionRelay {
  readonly #channels = new Set<LinkChannel>();
  readonly #questions = new Map<number, Question>();
  #next = 1;

  add(channel: LinkChannel): void {
    this.#channels.add(channel);
    channel.onClose(() => this.#channels.delete(channel));
    channel.onMessage((message) => {
      const told = message as FromWorker;
      if (told.kind === 'ask') this.#ask(channel, told);
      else this.#take(told.question, told.value);
    });
  }

  #ask(asker: LinkChannel, { id, topic, argument }: Extract<FromWorker, { kind: 'ask' }>): void {
    const number = this.#next++;
    const values: unknown[] = [];
    const finish = (): void => {
      clearTimeout(timer);
      this.#questions.delete(number);
      asker.send({ kind: 'answers', id, values } satisfies FromPrimary);
    };
    const timer = setTimeout(finish, PATIENCE_MS);
    this.#questions.set(number, { values, missing: this.#channels.size, finish });
    const asked: FromPrimary = { kind: 'asked', question: number, topic, argument };
    for (const channel of this.#channels) channel.send(asked);
  }

  #take(number: number, value: unknown): void {
    const question = this.#questions.get(number);
    if (question === undefined) return; // it came too late
    question.values.push(value);
    question.missing -= 1;
    if (question.missing === 0) question.finish();
  }
}
