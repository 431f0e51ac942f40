import { type Commit, packCommits, packEncodings, toBacksideError, unpackCommits } from '@backside/protocol';
import type { Channel } from './channel.js';
import { type Answer, type AppendRequest, type CallRequest, failedAnswer, type Request } from './messages.js';
import type { OrderedJournal } from './ordered-journal.js';

/** A worker's reading of commits, one group at a time as it asks for them. */
interface Reading {
  readonly groups: AsyncIterator<readonly Commit[]>;
  readonly head: number;
}

/** The primary's end of one channel. */
export class JournalServer {
  readonly #shared: OrderedJournal;
  readonly #channel: Channel;
  readonly #readings = new Map<number, Reading>();
  #answers: Answer[] = [];
  /** How many conflicts and failures this worker's appends have met. What it built without knowing of all is refused as well. */
  #generation = 0;
  #turn: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(shared: OrderedJournal, channel: Channel) {
    this.#shared = shared;
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
    const { journal, turns, recent } = this.#shared;
    try {
      if (!turns.isFree(this)) await turns.wait(this);
      if (generation < this.#generation) {
        return this.#refuse(id, await journal.head());
      }
      const append = this.#shared.append(this, base, unpackCommits(commits));
      const outcome = await append.accepted;
      if (outcome.status === 'revision-conflict') {
        this.#generation++;
        const encodings = recent.between(base, outcome.head) ?? outcome.missing?.map((commit) => commit.encoded());
        return this.#refuse(id, outcome.head, encodings);
      }
      this.#answer({ kind: 'accepted', id, outcome, generation });
      append.durable.then(
        () => this.#answer({ kind: 'durable', id, outcome }),
        (error: unknown) => this.#failed(id, error),
      );
    } catch (error) {
      this.#failed(id, error);
    }
  }

  /** What was built on the failed append must not find a place, even if another append brings its base about. */
  #failed(id: number, error: unknown): void {
    this.#answer(failedAnswer(id, toBacksideError(error), ++this.#generation));
  }

  #refuse(id: number, head: number, missing?: readonly Uint8Array[]): void {
    const outcome = { status: 'revision-conflict', head } as const;
    const answer = { kind: 'accepted', id, outcome, generation: this.#generation } as const;
    this.#answer(missing === undefined ? answer : { ...answer, missing: packEncodings(missing) });
  }

  async #call(request: CallRequest): Promise<Answer> {
    const { id } = request;
    const { journal } = this.#shared;
    switch (request.kind) {
      case 'open':
        return { kind: 'opened', id, epoch: journal.epoch, supports: journal.supports };
      case 'head':
        return { kind: 'revision', id, revision: await journal.head() };
      case 'first':
        return { kind: 'revision', id, revision: await journal.first() };
      case 'trim':
        await journal.trim(request.revision);
        this.#shared.recent.dropBefore(await journal.first());
        return { kind: 'revision', id, revision: request.revision };
      case 'read':
        return this.#read(request);
      case 'next':
        return this.#next(id, request.reading);
    }
  }

  /** The first group; all of it if it is in memory. */
  #read({ id, after, head }: CallRequest & { readonly kind: 'read' }): Answer | Promise<Answer> {
    const { journal, recent } = this.#shared;
    const encodings = recent.between(after, head);
    if (encodings !== null) return { kind: 'commits', id, commits: packEncodings(encodings) };
    this.#readings.set(id, { groups: journal.commits(after)[Symbol.asyncIterator](), head });
    return this.#next(id, id);
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
    this.#shared.turns.end(this);
    for (const reading of this.#readings.keys()) this.#stop(reading);
  }
}
