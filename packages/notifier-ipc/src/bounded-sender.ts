import type { Channel } from './channel.js';
import type { PublishMessage } from './messages.js';

/** What may wait for a process that does not take it. Beyond that it is only told how far the databases are. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** How soon it is tried again whether such a process takes messages. */
const LOOK_AGAIN_MS = 20;

const NOTHING = { bytes: new Uint8Array(0), lengths: [] };

/** Sends commits over a channel whose unsent bytes it keeps bounded: of what does not fit the newest revisions are sent later. */
export class BoundedSender {
  readonly #channel: Channel;
  /** Called once if the channel fails. */
  readonly #failed: (cause: unknown) => void;
  /** The newest revisions that were not told. */
  readonly #untold = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  #ended = false;

  constructor(channel: Channel, failed: (cause: unknown) => void) {
    this.#channel = channel;
    this.#failed = failed;
  }

  /** Commits that were not sent. */
  get dropped(): number {
    return this.#dropped;
  }

  publish(message: PublishMessage): void {
    this.#catchUp();
    if (this.#untold.size === 0 && !this.#isFull) {
      this.send(message);
    } else if (!this.#ended) {
      this.#dropped += message.commits.lengths.length;
      this.#untold.set(message.database, message.head);
      this.#timer ??= setInterval(() => this.#catchUp(), LOOK_AGAIN_MS).unref();
    }
  }

  /** Sends a message that is small and has to arrive. */
  send(message: unknown): void {
    if (this.#ended) return;
    try {
      this.#channel.send(message);
    } catch (cause) {
      this.end();
      this.#failed(cause);
    }
  }

  end(): void {
    this.#ended = true;
    this.#untold.clear();
    this.#rest();
  }

  get #isFull(): boolean {
    return (this.#channel.unsentBytes ?? 0) > MAX_UNSENT_BYTES;
  }

  #catchUp(): void {
    if (this.#untold.size === 0 || this.#isFull) return;
    this.#rest();
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const [database, head] of untold) this.send({ kind: 'publish', database, commits: NOTHING, head });
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
