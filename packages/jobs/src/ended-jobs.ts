import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { JobNodes } from './job-nodes.js';
import { parsePlace, placeOf } from './place.js';
import { Sweep } from './sweep.js';

const FORGET_EVERY_MS = 10_000;
const FORGET_AT_ONCE = 200;

/** `shown/PLACE`: the jobs whose nodes have ended, by time. */
const SHOWN: Path = ['shown'];

export interface EndedJobsOptions {
  readonly tree: PrivateTree;
  readonly nodes: JobNodes;
  /** For how long the node of an ended job is kept. */
  readonly keepMs: number;
  readonly now: () => number;
  readonly logger: Logger;
}

/** Removes the nodes of jobs that ended long ago. */
export class EndedJobs {
  readonly #options: EndedJobsOptions;
  readonly #sweep: Sweep;

  constructor(options: EndedJobsOptions) {
    this.#options = options;
    this.#sweep = new Sweep({
      everyMs: Math.min(FORGET_EVERY_MS, options.keepMs),
      some: () => this.#forget(),
      failure: 'nodes of ended jobs could not be removed',
      logger: options.logger,
    });
  }

  /** Called before the node shows the end, so that no node is left for ever. */
  async note(id: string): Promise<void> {
    const { tree, now } = this.#options;
    await tree.update([{ path: [...SHOWN, placeOf(now(), id)], value: id }]);
  }

  close(): void {
    this.#sweep.close();
  }

  async #forget(): Promise<boolean> {
    const { tree, nodes } = this.#options;
    const places = this.#lapsed();
    if (places.length === 0) return false;
    const ids = places.map((place) => parsePlace(place).id);
    await nodes.remove(ids.filter((id) => this.#isOver(id)));
    await tree.update(places.map((place) => ({ path: [...SHOWN, place], value: null })));
    return true;
  }

  #lapsed(): string[] {
    const { tree, keepMs, now } = this.#options;
    const before = now() - keepMs;
    return tree.keys(SHOWN, { limit: FORGET_AT_ONCE }).filter((place) => parsePlace(place).timeMs < before);
  }

  /** A job may have been run again meanwhile, by another node that had it then. */
  #isOver(id: string): boolean {
    const status = this.#options.nodes.get(id);
    return status !== null && (status.state === 'done' || status.state === 'cancelled');
  }
}
