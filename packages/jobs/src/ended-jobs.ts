import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { JobNodes } from './job-nodes.js';
import { parsePlace, placeOf } from './place.js';

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
  readonly #timer: NodeJS.Timeout;

  constructor(options: EndedJobsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#forget(), Math.min(FORGET_EVERY_MS, options.keepMs)).unref();
  }

  /** Called before the node shows the end, so that no node is left for ever. */
  async note(id: string): Promise<void> {
    const { tree, now } = this.#options;
    await tree.update([{ path: [...SHOWN, placeOf(now(), id)], value: id }]);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #forget(): Promise<void> {
    const { tree, nodes, logger } = this.#options;
    try {
      for (let places = this.#lapsed(); places.length > 0; places = this.#lapsed()) {
        const ids = places.map((place) => parsePlace(place).id);
        await nodes.remove(ids.filter((id) => this.#isOver(id)));
        await tree.update(places.map((place) => ({ path: [...SHOWN, place], value: null })));
      }
    } catch (error) {
      logger.warn({ err: error }, 'nodes of ended jobs could not be removed; they are tried again');
    }
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
