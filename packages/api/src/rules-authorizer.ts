import { authorOf, type Principal } from '@backside/protocol';
import type { AuthValue, WriteCheck } from '@backside/security';
import { type Change, commonPrefix, countNodes, formatPath, type Path, type TreeReader } from '@backside/tree';
import { authValueOf } from './auth-value.js';
import { ALLOWED, type Authorizer, type Decision, type ReadRequest, type WriteRequest } from './authorizer.js';
import type { RulesSource } from './rules-source.js';
import type { Denial, TraceLog } from './trace-log.js';

export interface RulesAuthorizerOptions {
  /** The name of the database that is ruled, for traces. */
  readonly database: string;
  readonly rules: RulesSource;
  readonly traces: TraceLog;
}

/** Written nodes that are as much work to explain as one read. */
const NODES_PER_WORK = 50;

/** Decides by the rules in force, and keeps the explanation of every refusal. */
export function createRulesAuthorizer(options: RulesAuthorizerOptions): Authorizer {
  const { rules } = options;
  return {
    read: (request) => decideRead(options, request),
    write: (request) => decideWrite(options, request),
    onChange: (changed) => rules.onChange(changed),
    since: () => rules.since(),
  };
}

function decideRead({ database, rules, traces }: RulesAuthorizerOptions, request: ReadRequest): Decision {
  const { principal, path, query, root, now, tracked } = request;
  const { current } = rules;
  const check = { auth: authValueOf(principal), path, query, root, now };
  const decision = tracked ? current.readWithBasis(check) : { allowed: current.read(check) };
  if (decision.allowed) return tracked ? decision : ALLOWED;
  const denial = denialOf(database, principal, { operation: 'read', path });
  return { ...decision, trace: traces.record(denial, 1, () => current.explainRead(check)) };
}

function decideWrite({ database, rules, traces }: RulesAuthorizerOptions, request: WriteRequest): Decision {
  const { current } = rules;
  const check = new RequestCheck(request);
  if (current.write(check)) return ALLOWED;
  const { principal, changes } = request;
  const path = changes.map((change) => change.path).reduce(commonPrefix, changes[0]?.path ?? []);
  const denial = denialOf(database, principal, { operation: 'write', path });
  return { allowed: false, trace: traces.record(denial, workOf(changes), () => current.explainWrite(check)) };
}

/** Leaves it to the request to build the state after the write, if that is asked for. */
class RequestCheck implements WriteCheck {
  readonly auth: AuthValue;
  readonly #request: WriteRequest;

  constructor(request: WriteRequest) {
    this.auth = authValueOf(request.principal);
    this.#request = request;
  }

  get changes(): readonly Change[] {
    return this.#request.changes;
  }

  get before(): TreeReader {
    return this.#request.before;
  }

  get after(): TreeReader {
    return this.#request.after;
  }

  get now(): number {
    return this.#request.now;
  }
}

function denialOf(
  database: string,
  principal: Principal,
  { operation, path }: { operation: Denial['operation']; path: Path },
): Denial {
  return { database, principal: authorOf(principal), operation, path: formatPath(path) };
}

function workOf(changes: readonly Change[]): number {
  return 1 + changes.reduce((sum, { value }) => sum + countNodes(value), 0) / NODES_PER_WORK;
}
