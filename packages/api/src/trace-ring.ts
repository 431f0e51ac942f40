/** What is kept of one refusal. */
export interface KeptTrace<Refusal> {
  readonly refusal: Refusal;
  /** Its explanation as JSON, since nearly all are forgotten unread; null if it has none. */
  readonly text: string | null;
  /** Memory that it takes, about. */
  readonly bytes: number;
}

export interface TraceRingBounds {
  readonly maxTraces: number;
  readonly maxBytes: number;
}

/** The latest traces by id, up to a number and a size. */
export class TraceRing<Refusal> {
  readonly #bounds: TraceRingBounds;
  /** Oldest first. */
  readonly #traces = new Map<string, KeptTrace<Refusal>>();
  #bytes = 0;

  constructor(bounds: TraceRingBounds) {
    this.#bounds = bounds;
  }

  find(id: string): KeptTrace<Refusal> | undefined {
    return this.#traces.get(id);
  }

  add(id: string, trace: KeptTrace<Refusal>): void {
    this.#traces.set(id, trace);
    this.#bytes += trace.bytes;
    const { maxTraces, maxBytes } = this.#bounds;
    for (const [oldest, { bytes }] of this.#traces) {
      if (this.#traces.size <= maxTraces && this.#bytes <= maxBytes) return;
      this.#traces.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
