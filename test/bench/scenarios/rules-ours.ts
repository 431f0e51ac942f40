import { randomBytes } from 'node:crypto';
import { createRulesAuthorizer, fixedRules, TraceLog } from '@backside/api';
import { BacksideError, Commit, NOBODY, type Principal } from '@backside/protocol';
import { type AuthValue, compileRules, type Rules } from '@backside/security';
import { createMemoryReplica, type Replica } from '@backside/store';
import {
  applyChanges,
  type Change,
  DEFAULT_LIMITS,
  type Node,
  nodeFromJson,
  nodeReader,
  parsePath,
} from '@backside/tree';
import { type EvaluationContext, evaluate } from '../../../packages/api/src/evaluation.js';
import type { Contender } from './rules.js';
import { chatData, NOW, type ReadOperation, type WriteOperation } from './rules-chat.js';

/**
 * Ours: for decisions the evaluator, which gets paths as keys, since whoever asks has read them already; for whole writes
 * all that the sequencer does for one operation, beginning with the text of the path, but the journal.
 */
export function ours(source: string): Contender {
  const rules = compileRules(source);
  const start = nodeFromJson(chatData());
  return {
    reads: (operations) => operations.map((operation) => readWith(rules, start, operation)),
    writes: (operations) => decisionsOf(rules, start, operations),
    wholeWrites: (operations) => writesOver(rules, start, operations),
  };
}

function readWith(rules: Rules, start: Node, { auth, path }: ReadOperation): () => boolean {
  const root = nodeReader(start);
  const keys = parsePath(path);
  return () => rules.read({ auth, path: keys, query: null, root, now: NOW });
}

/** Each write on the state left by the ones before; the states are made beforehand. */
function decisionsOf(rules: Rules, start: Node, operations: readonly WriteOperation[]): (() => boolean)[] {
  let current = start;
  return operations.map(({ auth, path, value }) => {
    const changes: Change[] = [{ path: parsePath(path), value: nodeFromJson(value, { serverValues: SERVER_VALUES }) }];
    const after = applyChanges(current, changes);
    const check = { auth, changes, before: nodeReader(current), after: nodeReader(after), now: NOW };
    if (rules.write(check)) current = after;
    return () => rules.write(check);
  });
}

const SERVER_VALUES = { now: NOW, existing: () => null };

function writesOver(rules: Rules, start: Node, operations: readonly WriteOperation[]): (() => boolean)[] {
  const replica = createMemoryReplica();
  commit(replica, [{ path: [], value: start }]);
  const context = evaluationOn(replica, rules);
  return operations.map(({ auth, path, value }) => {
    const principal = principalOf(auth);
    return () => {
      const changes = evaluated({ principal, path, value }, context);
      if (changes === null) return false;
      commit(replica, changes);
      return true;
    };
  });
}

function commit(replica: Replica, changes: readonly Change[]): void {
  replica.apply([new Commit({ revision: replica.revision + 1, time: NOW, author: null, origin: 'bench', changes })]);
}

function evaluationOn(replica: Replica, rules: Rules): EvaluationContext {
  const traces = new TraceLog({ nodeId: 'bench', now: Date.now, randomBytes });
  return {
    before: replica,
    now: NOW,
    limits: DEFAULT_LIMITS,
    authorizer: createRulesAuthorizer({ database: 'bench', rules: fixedRules(rules), traces }),
    nextPushId: () => 'unused',
    changedSince: () => null,
  };
}

/** The changes of a set; null if it is refused. */
function evaluated(
  { principal, path, value }: { principal: Principal; path: string; value: unknown },
  context: EvaluationContext,
): readonly Change[] | null {
  try {
    return evaluate({ principal, steps: [{ method: 'set', path: parsePath(path), value }] }, context).changes;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'permission-denied') return null;
    throw error;
  }
}

function principalOf(auth: AuthValue): Principal {
  return auth === null ? NOBODY : { kind: 'user', uid: auth.uid, provider: auth.provider, claims: auth.token };
}
