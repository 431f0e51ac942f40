/** Something that happens at a time. */
export interface ScheduledEvent {
  readonly time: number;
  readonly happen: () => void;
}

/** Gives the earliest event first: a binary heap. */
export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];

  add(event: ScheduledEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    for (let parent = (index - 1) >> 1; index > 0 && heap[parent]!.time > event.time; parent = (index - 1) >> 1) {
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  next(): ScheduledEvent | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: ScheduledEvent): void {
    const heap = this.#heap;
    let index = 0;
    for (let child = 1; child < heap.length; child = 2 * index + 1) {
      if (child + 1 < heap.length && heap[child + 1]!.time < heap[child]!.time) child += 1;
      if (heap[child]!.time >= event.time) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}
