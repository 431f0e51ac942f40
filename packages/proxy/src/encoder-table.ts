import { type EncoderOptions, MessageEncoder } from './encoder.js';
import { EventLines } from './event-lines.js';

interface Entry {
  readonly encoder: MessageEncoder;
  users: number;
}

/** One encoder for all subscriptions with equal options, as long as there is one. */
export class EncoderTable {
  readonly #lines = new EventLines();
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  /** The encoder for these options. Each call must be paired with one of `release`. Throws what the header of its id throws. */
  acquire(options: EncoderOptions): MessageEncoder {
    const key = keyOf(options);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.users += 1;
      return known.encoder;
    }
    const encoder = new MessageEncoder(options, this.#lines);
    this.#entries.set(key, { encoder, users: 1 });
    return encoder;
  }

  release(encoder: MessageEncoder): void {
    const key = keyOf(encoder.options);
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users === 0) this.#entries.delete(key);
  }
}

function keyOf(options: EncoderOptions): string {
  const { framing, version, ackMode, format, envelope, epoch, view, subscription } = options;
  return `${framing} ${version} ${ackMode} ${format} ${envelope} ${epoch} ${view.length} ${view}${subscription ?? '\0'}`;
}
