import type { Database, Encoder } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import { ADMIN, type Logger } from '@backside/protocol';
import { hashNode, nodeFromJson, nodeToJson, type Path, readNode, type TreeReader } from '@backside/tree';

/** Watchers need to know that something changed, not what. */
const NOTHING: Encoder<null> = { format: 'export', encode: () => null };

export interface PrivateTreeOptions {
  /** A private database. */
  readonly database: Database;
  /** Its present state. */
  readonly reader: TreeReader;
  /** The part of it that the tree is about. */
  readonly root: Path;
  readonly logger: Logger;
}

/** One part of a private database, for its owner. */
export function createPrivateTree({ database, reader, root, logger }: PrivateTreeOptions): PrivateTree {
  const at = (path: Path): Path => [...root, ...path];
  return {
    read: (path) => nodeToJson(readNode(reader, at(path)), 'export'),
    keys: (path, { after, limit } = {}) => {
      const start = after === undefined ? {} : { start: after, startExclusive: true };
      return Array.from(reader.children(at(path), { ...start, ...(limit !== undefined && { limit }) }), ([key]) => key);
    },
    update: async (changes, expect = []) => {
      await database.write({
        principal: ADMIN,
        // One step that changes nothing has what is expected checked even if there is nothing to change.
        steps: [
          { method: 'update', path: root, value: {} },
          ...changes.map(({ path, value }) => ({ method: 'set', path: at(path), value }) as const),
        ],
        preconditions: expect.map(({ path, value }) => ({ path: at(path), hash: hashNode(nodeFromJson(value)) })),
      });
    },
    watch: (path, changed) => watch(database, at(path), { changed, logger }),
    refresh: () => database.refresh(),
  };
}

/** How long after the database has ended a listen it is begun again. */
const AGAIN_MS = 1_000;

/** Listens for ever: a listen that the database ends is begun again, and tells a change since something may have been missed. */
function watch(database: Database, path: Path, to: { changed: () => void; logger: Logger }): () => void {
  let timer: NodeJS.Timeout | undefined;
  let known = database.revision;
  const listen = (): { end(): void } =>
    database.listen(ADMIN, {
      path,
      encoder: NOTHING,
      listener: {
        event: (_nothing, { revision }) => {
          if (revision > known) to.changed();
          known = revision;
        },
        cancelled: (error) => {
          to.logger.error({ err: error }, 'a watch of private data was ended; it begins again');
          known = -1;
          timer = setTimeout(() => {
            subscription = listen();
          }, AGAIN_MS).unref();
        },
      },
    });
  let subscription = listen();
  return () => {
    clearTimeout(timer);
    subscription.end();
  };
}
