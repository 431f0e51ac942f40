import type { Logger } from '@backside/protocol';
import { formatPath, type Order, type Path } from '@backside/tree';

/** The message of the log line that tells of one; its fields are `path` and `orderBy`, as `.indexOn` spells it. */
export const UNINDEXED_QUERY = 'a query had no index and read every child';

/** Different ones that are logged. */
const MAX_LOGGED = 1_000;

/** Logs the queries of one database that an index would make cheap: each path and order once, and a bounded number. */
export class UnindexedQueries {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  note(path: Path, order: Order): void {
    if (this.#logged.size >= MAX_LOGGED || (order.by !== 'child' && order.by !== 'value')) return;
    const fields = { path: formatPath(path), orderBy: order.by === 'value' ? '.value' : order.path.join('/') };
    const key = JSON.stringify(fields);
    if (this.#logged.has(key)) return;
    this.#logged.add(key);
    this.#logger.warn(fields, UNINDEXED_QUERY);
  }
}
