import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { LegacyError } from '../http/legacy-error.js';
import { encodeKey } from '../rows/encode-key.js';

/** Rows of metrics that are kept; the oldest go first. */
const MAX_ROWS = 2_000;
const MAX_COLUMNS = 500;

export type StatsRow = { readonly [name: string]: Json };

/** Rows of metrics that processes have sent, in the private tree at `collect/TIME:WORKER`. */
export class CollectedStats {
  readonly #context: Pick<BackendjsContext, 'tree' | 'now'>;

  constructor(context: Pick<BackendjsContext, 'tree' | 'now'>) {
    this.#context = context;
  }

  async add(row: StatsRow): Promise<void> {
    const names = Object.keys(row);
    if (names.length === 0) throw new LegacyError(400, 'There is nothing to collect');
    if (names.length > MAX_COLUMNS) throw new LegacyError(400, `At most ${MAX_COLUMNS} metrics make a row`);
    const { tree, now } = this.#context;
    const mtime = typeof row.mtime === 'number' ? row.mtime : now();
    const key = `${String(mtime).padStart(15, '0')}:${encodeKey(String(row.worker ?? row.id ?? ''))}`;
    const value = Object.fromEntries(
      Object.entries({ ...row, mtime }).map(([name, each]) => [encodeKey(name), primitive(each)]),
    );
    const known = tree.keys(['collect']);
    const surplus = known.slice(0, Math.max(0, known.length + 1 - MAX_ROWS));
    await tree.update([
      ...surplus.map((old) => ({ path: ['collect', old], value: null })),
      { path: ['collect', key], value },
    ]);
  }

  /** The newest first, `limit` at most; 0 means all. */
  latest(limit: number): StatsRow[] {
    const { tree } = this.#context;
    const keys = tree.keys(['collect']).slice(limit > 0 ? -limit : 0);
    return keys.reverse().flatMap((key) => {
      const row = tree.read(['collect', key]);
      return typeof row === 'object' && row !== null && !Array.isArray(row) ? [row as StatsRow] : [];
    });
  }
}

function primitive(value: Json): Json {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}
