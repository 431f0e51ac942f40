import { type Commit, unpackCommits } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import type { Change } from '@backside/tree';
import { Engine } from './engine.js';
import type { Environment } from './environment.js';
import type { Disk } from './replica.js';
import { writeLoads } from './restore-load.js';

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

  async beginRestore(): Promise<void> {
    this.#queue = [];
    this.engine.beginRestore();
  }

  async endRestore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    await writeLoads(entries, async (load) => this.engine.restore(unpackCommits(load)));
    while (this.engine.restorePriorities());
    this.engine.finishRestore(epoch, revision);
  }

  async close(): Promise<void> {}
}
