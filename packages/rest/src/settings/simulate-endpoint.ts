import type { RulesStore } from '@backside/api';
import { type AuthValue, compileRules, type Rules, RulesError, type Simulation, simulate } from '@backside/security';
import { bearerOrQueryToken } from '../bearer.js';
import { type Call, type Endpoint, fieldsOf } from '../endpoint.js';
import { anything, count, oneOf, optional, orNull, parseFields, record, text } from '../fields.js';
import type { Reply } from '../reply.js';
import type { RestOptions } from '../rest-options.js';
import { problemsReply } from './rules-endpoints.js';
import { MAX_RULES_BYTES } from './rules-limit.js';

const SIMULATION = {
  rules: optional(text(MAX_RULES_BYTES)),
  data: optional(anything()),
  auth: optional(orNull(record())),
  now: optional(count()),
  op: record(),
};

const OPERATION = {
  type: oneOf('read', 'write', 'update'),
  path: text(16_384),
  value: optional(anything()),
  query: optional(orNull(record())),
};

const AUTH = { uid: text(128), provider: optional(text(128)), token: optional(record()) };

type SimulateOptions = Pick<RestOptions, 'rules' | 'now'>;

/** Tries an operation on data of the request, against the rules in force or those of the request. Writes nothing; for admins. */
export function simulateEndpoint({ rules, now }: SimulateOptions): Endpoint {
  return {
    method: 'post',
    path: '/.settings/rules/simulate',
    access: 'admin',
    token: bearerOrQueryToken,
    maxBytes: MAX_RULES_BYTES,
    serve: (call) => serveSimulation(call, rules(call.database), now),
  };
}

function serveSimulation(call: Call, store: RulesStore, now: () => number): Reply {
  const { rules: source, ...fields } = fieldsOf(call, SIMULATION);
  const simulation: Simulation = {
    data: fields.data ?? null,
    auth: authOf(fields.auth ?? null),
    now: fields.now ?? now(),
    op: parseFields(fields.op, OPERATION),
  };
  const rules = source === undefined ? store.current : compiled(source);
  return rules instanceof RulesError ? problemsReply(rules) : { json: simulate(rules, simulation) };
}

function compiled(source: string): Rules | RulesError {
  try {
    return compileRules(source);
  } catch (error) {
    if (error instanceof RulesError) return error;
    throw error;
  }
}

function authOf(value: unknown): AuthValue {
  if (value === null) return null;
  const { uid, provider = 'custom', token = {} } = parseFields(value, AUTH);
  return { uid, provider, token };
}
