import type { AckLevel } from '@backside/protocol';
import { type Json, type Node, nodesEqual, nodeToJson, type Path, priorityOf } from '@backside/tree';
import { RefusedError } from '../link/refused-error.js';
import type { WireWrite } from '../link/write.js';
import { prioritized } from './prioritized.js';
import type { SyncTree } from './sync-tree.js';
import { type Shown, WHOLE } from './view.js';

/** Gets the value that is there, null for none, and returns what is to be there, or undefined to leave it. May be asked often. */
export type TransactionUpdate = (current: Json) => Json | undefined;

export interface TransactionOptions {
  readonly ackLevel?: AckLevel;
  /** Whether views show the new value before the server has taken it; true when left out. */
  readonly applyLocally?: boolean;
  readonly signal?: AbortSignal;
}

export interface TransactionOutcome {
  readonly committed: boolean;
  readonly shown: Shown;
}

interface Transaction {
  readonly path: Path;
  readonly update: TransactionUpdate;
}

/** What a transaction works with. */
export interface TransactionRoot {
  readonly tree: SyncTree;
  readonly newKey: () => string;
}

const MAX_ATTEMPTS = 25;
/** In UTF-16 units: at the worst a quarter of what a header line may hold. */
const MAX_CONDITION_LENGTH = 4_096;

/**
 * Reads, computes and writes on condition that what was read is still there, again and again until it is or `update` gives up.
 * Rejects with what `update` throws, with the signal's reason, and with the server's refusal, that of the last attempt being
 * `precondition-failed`.
 */
export async function runTransaction(
  root: TransactionRoot,
  transaction: Transaction,
  options: TransactionOptions = {},
): Promise<TransactionOutcome> {
  const { tree } = root;
  const target = { path: transaction.path, query: WHOLE };
  // Keeps the listen, so that each attempt works on what is there.
  const leave = tree.watch(target, { type: 'value', states: false, event: () => {}, refused: () => {} });
  try {
    let current = await localState(tree, transaction.path, options.signal);
    for (let attempt = 1; ; attempt++) {
      options.signal?.throwIfAborted();
      const wire = conditionalWrite(root, transaction, current, options);
      const refusal = wire === null ? null : await attemptWrite(tree, wire, options);
      if (refusal === null) return { committed: wire !== null, shown: await tree.confirmed(target, options.signal) };
      if (attempt === MAX_ATTEMPTS) throw refusal;
      current = await fresherState(tree, transaction.path, current.node, options.signal);
    }
  } finally {
    leave();
  }
}

/** What an attempt goes by. */
interface State {
  readonly node: Node;
  /** That the server's data is known up to. */
  readonly revision: number;
}

/** What is there as far as is known here. */
async function localState(tree: SyncTree, path: Path, signal: AbortSignal | undefined): Promise<State> {
  const { node } = await tree.confirmed({ path, query: WHOLE }, signal);
  return { node, revision: tree.revisionAt(path) };
}

/** What is there now; asked of the server if, as far as is known here, it is what was there before. */
async function fresherState(tree: SyncTree, path: Path, before: Node, signal: AbortSignal | undefined): Promise<State> {
  const local = await localState(tree, path, signal);
  return nodesEqual(local.node, before) ? tree.fetch(path, signal) : local;
}

/** Null if the transaction leaves things as they are. */
function conditionalWrite(
  { newKey }: TransactionRoot,
  { path, update }: Transaction,
  current: State,
  { ackLevel = 'durable' }: TransactionOptions,
): WireWrite | null {
  const value = update(nodeToJson(current.node, 'val'));
  if (value === undefined) return null;
  const priority = hasPriority(value) ? null : priorityOf(current.node);
  const step = { method: 'set', path, value: priority === null ? value : prioritized(value, priority) } as const;
  return { key: newKey(), steps: [step], ackLevel, ifMatch: conditionOf(current) };
}

/** What is there; if that is too long for a header, that nothing has changed since. */
function conditionOf({ node, revision }: State): string {
  const text = JSON.stringify(nodeToJson(node, 'export'));
  return text.length > MAX_CONDITION_LENGTH ? String(revision) : `=${text}`;
}

function hasPriority(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, '.priority');
}

/** Null if the write was made, the refusal if something else was there. Throws any other refusal. */
async function attemptWrite(
  tree: SyncTree,
  wire: WireWrite,
  options: TransactionOptions,
): Promise<RefusedError | null> {
  try {
    await tree.write(wire, { visible: options.applyLocally ?? true, signal: options.signal });
    return null;
  } catch (error) {
    if (error instanceof RefusedError && error.code === 'precondition-failed') return error;
    throw error;
  }
}
