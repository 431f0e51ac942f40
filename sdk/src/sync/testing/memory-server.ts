import {
  applyChanges,
  applyQuery,
  type Change,
  childOf,
  getAt,
  isMap,
  isPrefix,
  type Json,
  type Leaf,
  leafValue,
  type Node,
  nodeFromJson,
  nodesEqual,
  nodeToJson,
  normalizeChanges,
  type Path,
  parseUpdate,
  TreeError,
} from '@backside/tree';
import type { ListenTarget, ServerEvent } from '../../link/connection.js';
import { RefusedError } from '../../link/refused-error.js';
import type { WireAck, WireStep, WireWrite } from '../../link/write.js';
import { overlaps } from '../edit.js';

/** One listen as the server holds it. */
export interface ServedListen {
  readonly target: ListenTarget;
  readonly deliver: (event: ServerEvent) => void;
}

/** What happened to a write, and when its answer goes out: `applied` ones before their events. */
export type Answer = { readonly ack: WireAck } | { readonly refusal: RefusedError };

const EPOCH = 'epoch-1';

/**
 * What a server does, on one node in memory: commits in one order, listens told of each of them as the real one tells, windows
 * included. It has the semantics of the data from the tree package and nothing of the wire.
 */
export class MemoryServer {
  root: Node = null;
  revision = 0;
  readonly listens: Set<ServedListen> = new Set();
  /** Of revision 1, 2 … */
  readonly #commits: (readonly Change[])[] = [];
  /** Which writes are refused. */
  refuses: (write: WireWrite) => boolean = () => false;
  /** The clock, in milliseconds since 1970. */
  now = 1_000_000;

  listen(listen: ServedListen): () => void {
    this.listens.add(listen);
    listen.deliver(this.#event('put', listen.target.path, this.stateOf(listen.target), true));
    return () => this.listens.delete(listen);
  }

  stateOf({ path, query }: ListenTarget): Json {
    const node = getAt(this.root, path);
    return nodeToJson(query === null ? node : applyQuery(node, query), 'export');
  }

  write(write: WireWrite, beforeEvents: (answer: Answer) => void, afterEvents: (answer: Answer) => void): void {
    const refusal = this.#refusalOf(write);
    if (refusal !== null) {
      afterEvents({ refusal });
      return;
    }
    const changes = this.#changesOf(write);
    if (changes instanceof RefusedError) {
      afterEvents({ refusal: changes });
      return;
    }
    const answer = { ack: { revision: this.revision + 1, pushed: [] } };
    if (write.ackLevel === 'applied') beforeEvents(answer);
    this.commit(normalizeChanges(changes));
    if (write.ackLevel !== 'applied') afterEvents(answer);
  }

  /** The revision of the last change at, above or below a path. */
  #changedAt(path: Path): number {
    const index = this.#commits.findLastIndex((changes) => changes.some((change) => overlaps(change.path, path)));
    return index + 1;
  }

  /** What somebody else wrote. */
  commit(changes: readonly Change[]): void {
    const before = this.root;
    this.root = applyChanges(this.root, changes);
    this.revision += 1;
    this.#commits.push(changes);
    for (const listen of [...this.listens]) {
      const event =
        listen.target.query === null
          ? this.#treeEvent(listen.target.path, changes)
          : this.#windowEvent(listen, before, changes);
      if (event !== null) listen.deliver(event);
    }
  }

  #changesOf({ steps }: WireWrite): Change[] | RefusedError {
    try {
      return steps.flatMap((step) => changesOf(step, this.root, this.now));
    } catch (error) {
      if (error instanceof TreeError) return new RefusedError(error.code);
      throw error;
    }
  }

  #refusalOf(write: WireWrite): RefusedError | null {
    if (this.refuses(write)) return new RefusedError('permission-denied', { trace: 'trace-1' });
    const [step] = write.steps;
    if (step === undefined || write.ifMatch === undefined || this.#matches(step.path, write.ifMatch)) return null;
    return new RefusedError('precondition-failed');
  }

  #matches(path: Path, expected: string): boolean {
    if (expected.startsWith('='))
      return nodesEqual(getAt(this.root, path), nodeFromJson(JSON.parse(expected.slice(1))));
    return this.#changedAt(path) <= Number(expected);
  }

  #treeEvent(path: Path, changes: readonly Change[]): ServerEvent | null {
    const within = changes.flatMap((change) => {
      if (isPrefix(path, change.path)) return [change];
      if (!isPrefix(change.path, path)) return [];
      return [{ path, value: getAt(change.value, path.slice(change.path.length)) }];
    });
    const [only] = within;
    if (only === undefined) return null;
    return within.length === 1
      ? this.#event('put', only.path, nodeToJson(only.value, 'export'))
      : this.#patch(path, within);
  }

  #windowEvent(
    { target: { path, query } }: ServedListen,
    before: Node,
    changes: readonly Change[],
  ): ServerEvent | null {
    if (query === null || !changes.some((change) => isPrefix(change.path, path) || isPrefix(path, change.path)))
      return null;
    const was = applyQuery(getAt(before, path), query);
    const is = applyQuery(getAt(this.root, path), query);
    if (changes.some((change) => isPrefix(change.path, path))) {
      return was === null && is === null ? null : this.#event('put', path, nodeToJson(is, 'export'), true);
    }
    const moves = [...keysOf(was, is)]
      .filter((key) => !nodesEqual(childOf(was, key), childOf(is, key)))
      .map((key) => ({ path: [...path, key], value: childOf(is, key) }));
    return moves.length === 0 ? null : this.#patch(path, moves);
  }

  #patch(path: Path, changes: readonly Change[]): ServerEvent {
    const entries = changes.map(({ path: at, value }) => [
      at.slice(path.length).join('/'),
      nodeToJson(value, 'export'),
    ]);
    return this.#event('patch', path, Object.fromEntries(entries) as Json);
  }

  #event(kind: 'put' | 'patch', path: Path, body: Json, snapshot = false): ServerEvent {
    return { kind, path, body, revision: this.revision, epoch: EPOCH, snapshot, resumed: null };
  }
}

function keysOf(...nodes: readonly Node[]): Set<string> {
  return new Set(nodes.flatMap((node) => (isMap(node) ? [...node.children.keys()] : [])));
}

function changesOf({ method, path, value }: WireStep, root: Node, now: number): Change[] {
  const existing = (relative: Path): Leaf | null => leafValue(getAt(root, [...path, ...relative]));
  const serverValues = { now, existing };
  if (method === 'remove') return [{ path, value: null }];
  if (method === 'update') return parseUpdate(path, value, { serverValues });
  return [{ path, value: nodeFromJson(value ?? null, { depth: path.length, serverValues }) }];
}
