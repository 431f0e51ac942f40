import { ADMIN } from '@backside/protocol';
import { hashNode, type Json, nodeToJson, type Path } from '@backside/tree';
import type { Database } from './database.js';

/** One version of a database's rules, without their text. */
export interface RulesVersion {
  /** 1, 2, 3 … in the order in which they came into force. */
  readonly version: number;
  /** Who put it there, as a uid or another name; null for nobody in particular. */
  readonly author: string | null;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The history and the revision at which the ruled database was then. */
  readonly epoch: string;
  readonly revision: number;
  /** The older version whose text it brought back; null for a new text. */
  readonly rollbackOf: number | null;
}

/** What the history needs of the private database. */
export type PrivateDatabase = Pick<Database, 'read' | 'write' | 'refresh' | 'listen'>;

/** Below this path of the private database: `current` is a version, `versions` and `sources` hold the latest by number. */
const RULES: Path = ['rules'];
/** The number of the version in force; whoever watches it hears of each change. */
export const CURRENT: Path = [...RULES, 'current'];

/** The versions of the rules in a private database, the latest ones only. */
export class RulesHistory {
  readonly #database: PrivateDatabase;
  readonly #maxVersions: number;

  constructor(database: PrivateDatabase, maxVersions: number) {
    this.#database = database;
    this.#maxVersions = maxVersions;
  }

  /** The number of the version in force; 0 if there has been none. */
  get current(): number {
    const version = this.#json(CURRENT);
    return typeof version === 'number' ? version : 0;
  }

  /** Newest first. */
  versions(): RulesVersion[] {
    const stored = this.#json([...RULES, 'versions']);
    const found = Object.entries(stored ?? {}).flatMap(([key, value]) => parseVersion(Number(key), value) ?? []);
    return found.sort((a, b) => b.version - a.version);
  }

  /** Null if there is no such version, or no longer. */
  find(version: number): RulesVersion | null {
    return parseVersion(version, this.#json([...RULES, 'versions', String(version)]));
  }

  /** The text of a version, as it was put; null if there is none, or no longer. */
  sourceOf(version: number): string | null {
    const source = this.#json([...RULES, 'sources', String(version)]);
    return typeof source === 'string' ? source : null;
  }

  /** Stores the next version and puts it in force, in one step. Rejects with `precondition-failed` if another came first. */
  async add(next: RulesVersion, source: string): Promise<void> {
    const { version, ...fields } = next;
    const before = version - 1;
    const forgotten = version - this.#maxVersions;
    await this.#database.write({
      principal: ADMIN,
      steps: [
        {
          method: 'update',
          path: RULES,
          value: {
            current: version,
            [`versions/${version}`]: fields,
            [`sources/${version}`]: source,
            ...(forgotten > 0 && { [`versions/${forgotten}`]: null, [`sources/${forgotten}`]: null }),
          },
        },
      ],
      preconditions: [{ path: CURRENT, hash: hashNode(before === 0 ? null : before) }],
    });
  }

  #json(path: Path): Json {
    return nodeToJson(this.#database.read(ADMIN, path).node, 'export');
  }
}

function parseVersion(version: number, stored: Json): RulesVersion | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const { author, time, epoch, revision, rollbackOf } = stored as Record<string, Json>;
  return {
    version,
    author: typeof author === 'string' ? author : null,
    time: Number(time ?? 0),
    epoch: String(epoch ?? ''),
    revision: Number(revision ?? 0),
    rollbackOf: typeof rollbackOf === 'number' ? rollbackOf : null,
  };
}
