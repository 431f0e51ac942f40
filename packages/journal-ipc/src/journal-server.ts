import { type Commit, toBacksideError } from '@backside/protocol';
import type { Journal } from '@backside/store';
import type { Channel } from './channel.js';
import {
  type Answer,
  type AppendRequest,
  type CallRequest,
  failedAnswer,
  packCommits,
  type Request,
  unpackCommits,
} from './messages.js';

/**
 * Lets the process at the other end of `channel` use `journal` through `createIpcJournal`. Any number of channels may share
 * one journal; it orders their appends as they arrive and joins those that wait. Ends with the channel, or when the returned
 * function is called; the journal stays open, and what had arrived is carried out.
 */
export function serveJournal(journal: Journal, channel: Channel): () => void {
  return new Server(journal, channel).start();
}

/** A worker's reading of commits, one group at a time as it asks for them. */
interface Reading {
  readonly groups: AsyncIterator<readonly Commit[]>;
  readonly head: number;
}

class Server {
  readonly #journal: Journal;
  readonly #channel: Channel;
  readonly #readings = new Map<number, Reading>();
  #answers: Answer[] = [];
  /** How many conflicts this worker's appends have met. What it built without knowing of all of them is refused as well. */
  #generation = 0;
  #turn: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(journal: Journal, channel: Channel) {
    this.#journal = journal;
    this.#channel = channel;
  }

  start(): () => void {
    const stopListening = this.#channel.onMessage((message) => this.#receive(message as Request));
    const end = (): void => {
      stopListening();
      this.#end();
    };
    this.#channel.onClose(end);
    return end;
  }

  #receive(request: Request): void {
    if (request.kind === 'append') {
      this.#turn = this.#turn.then(() => this.#append(request));
    } else if (request.kind === 'stop') {
      this.#stop(request.reading);
    } else {
      this.#call(request).then(
        (answer) => this.#answer(answer),
        (error: unknown) => this.#fail(request.id, error),
      );
    }
  }

  /** Ends once the append has its place, so that the next one is looked at in the light of this one's conflict. */
  async #append({ id, base, generation, commits }: AppendRequest): Promise<void> {
    try {
      if (generation < this.#generation) return this.#refuse(id, await this.#journal.head());
      const append = this.#journal.append(base, unpackCommits(commits));
      const outcome = await append.accepted;
      if (outcome.status === 'revision-conflict') {
        this.#generation++;
        return this.#refuse(id, outcome.head);
      }
      this.#answer({ kind: 'accepted', id, outcome, generation });
      append.durable.then(
        () => this.#answer({ kind: 'durable', id, outcome }),
        (error: unknown) => this.#fail(id, error),
      );
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #refuse(id: number, head: number): void {
    this.#answer({
      kind: 'accepted',
      id,
      outcome: { status: 'revision-conflict', head },
      generation: this.#generation,
    });
  }

  async #call(request: CallRequest): Promise<Answer> {
    const { id } = request;
    const journal = this.#journal;
    switch (request.kind) {
      case 'open':
        return { kind: 'opened', id, epoch: journal.epoch, supports: journal.supports };
      case 'head':
        return { kind: 'revision', id, revision: await journal.head() };
      case 'first':
        return { kind: 'revision', id, revision: await journal.first() };
      case 'trim':
        await journal.trim(request.revision);
        return { kind: 'revision', id, revision: request.revision };
      case 'read':
        this.#readings.set(id, { groups: journal.commits(request.after)[Symbol.asyncIterator](), head: request.head });
        return this.#next(id, id);
      case 'next':
        return this.#next(id, request.reading);
    }
  }

  async #next(id: number, readingId: number): Promise<Answer> {
    const reading = this.#readings.get(readingId);
    const commits = reading === undefined ? [] : await this.#nextGroup(readingId, reading);
    if (commits.length > 0) return { kind: 'commits', id, commits: packCommits(commits) };
    this.#stop(readingId);
    return { kind: 'commits', id, commits: null };
  }

  /** The next commits of a reading; none at its end. */
  async #nextGroup(readingId: number, { groups, head }: Reading): Promise<readonly Commit[]> {
    try {
      const step = await groups.next();
      return step.done ? [] : step.value.filter(({ revision }) => revision <= head);
    } catch (error) {
      this.#readings.delete(readingId);
      throw error;
    }
  }

  #stop(readingId: number): void {
    const reading = this.#readings.get(readingId);
    this.#readings.delete(readingId);
    reading?.groups.return?.().catch(() => undefined); // what was read is whole; nobody waits for the rest
  }

  #fail(id: number, error: unknown): void {
    this.#answer(failedAnswer(id, toBacksideError(error)));
  }

  /** Gathers the answers of one turn of the event loop into one message. */
  #answer(answer: Answer): void {
    if (this.#ended) return;
    if (this.#answers.length === 0) setImmediate(() => this.#flush());
    this.#answers.push(answer);
  }

  #flush(): void {
    const answers = this.#answers;
    this.#answers = [];
    if (this.#ended) return;
    try {
      this.#channel.send(answers);
    } catch {
      this.#end(); // the link is lost, and with it who waited for the answers
    }
  }

  #end(): void {
    this.#ended = true;
    for (const reading of this.#readings.keys()) this.#stop(reading);
  }
}
