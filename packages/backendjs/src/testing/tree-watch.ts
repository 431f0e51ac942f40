import type { Database } from '@backside/api';
import { ADMIN, type BacksideError } from '@backside/protocol';
import { formatPath, type Json, parsePath } from '@backside/tree';

/** One event, as a client that listens gets it. */
interface WatchedChange {
  /** The path that changed. */
  readonly path: string;
  readonly kind: 'put' | 'patch';
  readonly body: Json;
  /** Equal for what belongs to one commit. */
  readonly revision: number;
}

export interface TreeWatch {
  /** Everything after the state at the beginning, so far. */
  readonly changes: readonly WatchedChange[];
  end(): void;
}

/** Listens to a path of the tree as a client would. Resolves once it is told what stands there. */
export function watchTree(database: Database, path: string): Promise<TreeWatch> {
  const changes: WatchedChange[] = [];
  return new Promise((resolve, reject) => {
    let begun = false;
    const subscription = database.listen<Json>(ADMIN, {
      path: parsePath(path),
      encoder: { format: 'val', encode: (event) => JSON.parse(Buffer.from(event.body('val')).toString()) as Json },
      listener: {
        event: (body, { kind, path: changed, revision }) => {
          if (begun) changes.push({ path: formatPath(changed), kind, body, revision });
          else resolve({ changes, end: () => subscription.end() });
          begun = true;
        },
        cancelled: (error: BacksideError) => reject(error),
      },
    });
  });
}
