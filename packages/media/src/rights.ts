import type { Authorizer, Decision } from '@backside/api';
import { BacksideError, type Principal } from '@backside/protocol';
import { nodeFromJson, type Path, SparseTree, type TreeReader } from '@backside/tree';
import type { MediaNode } from './media-node.js';

interface RightsOptions {
  readonly authorizer: Authorizer;
  readonly reader: TreeReader;
  readonly now: () => number;
}

/** What the rules say of a describing node. Throws `permission-denied`, with the trace that explains it. */
export class Rights {
  readonly #options: RightsOptions;

  constructor(options: RightsOptions) {
    this.#options = options;
  }

  assertRead(principal: Principal, path: Path): void {
    if (principal.kind === 'admin') return;
    const { authorizer, reader, now } = this.#options;
    assertAllowed(authorizer.read({ principal, path, query: null, root: reader, now: now(), tracked: false }));
  }

  /** Whether the node could be written now, as far as is known before the upload. The write itself is decided by the database. */
  assertWrite(principal: Principal, path: Path, node: MediaNode | null): void {
    if (principal.kind === 'admin') return;
    const { authorizer, reader, now } = this.#options;
    const change = { path, value: nodeFromJson(node, { depth: path.length }) };
    const overlay = new SparseTree();
    overlay.apply(change, reader);
    assertAllowed(
      authorizer.write({ principal, changes: [change], before: reader, after: overlay.over(reader), now: now() }),
    );
  }
}

function assertAllowed(decision: Decision): void {
  if (!decision.allowed) throw new BacksideError('permission-denied', undefined, { trace: decision.trace });
}
