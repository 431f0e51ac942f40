import type { Commit } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import { Engine } from './engine.js';
import type { Environment } from './environment.js';
import type { Disk } from './replica.js';

/** For tests: a disk that writes in this thread, and as much as a test says. */
export class SteppedDisk implements Disk {
  readonly engine: Engine;
  #queue: Commit[] = [];

  constructor(environment: Environment, maxPackedCharacters: number) {
    this.engine = new Engine(environment, maxPackedCharacters);
  }

  enqueue(commits: readonly Commit[]): void {
    this.#queue.push(...commits);
  }

  write(count: number): void {
    this.engine.apply(this.#queue.splice(0, count));
  }

  work(slices: number): void {
    for (let slice = 0; slice < slices && this.engine.hasWork; slice++) this.engine.workSlice();
  }

  async checkpoint(): Promise<void> {
    this.write(Number.POSITIVE_INFINITY);
  }

  async setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    this.engine.setIndexes(definitions);
  }

  async reset(epoch: string): Promise<void> {
    this.#queue = [];
    this.engine.reset(epoch);
  }

  async close(): Promise<void> {}
}
