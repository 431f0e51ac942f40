import type { PutOptions, RulesStore, RulesVersion } from '@backside/api';
import { authorOf, ERRORS, type Principal } from '@backside/protocol';
import { compileRules, lintRules, RulesError, type RulesProblem } from '@backside/security';
import { bearerOrQueryToken } from '../bearer.js';
import { type Call, type Endpoint, fieldsOf, queryValue } from '../endpoint.js';
import { count } from '../fields.js';
import { textBody } from '../json-body.js';
import type { Reply } from '../reply.js';
import type { RestOptions } from '../rest-options.js';
import { etagOf, expectedVersion, formatEtag, isKnown } from './rules-etag.js';
import { MAX_RULES_BYTES } from './rules-limit.js';

type RulesOptions = Pick<RestOptions, 'rules'>;

/** The rules of a database, where Firebase's tools look for them; for admins. */
export function rulesEndpoints({ rules }: RulesOptions): readonly Endpoint[] {
  const forAdmins = { access: 'admin', token: bearerOrQueryToken } as const;
  const settings = '/.settings/rules';
  return [
    { method: 'get', path: `${settings}.json`, ...forAdmins, serve: (call) => readRules(call, rules(call.database)) },
    {
      method: 'put',
      path: `${settings}.json`,
      ...forAdmins,
      maxBytes: MAX_RULES_BYTES,
      serve: (call) => explainingProblems(() => putRules(call, rules(call.database)), toolReply),
    },
    {
      method: 'get',
      path: `${settings}/versions`,
      ...forAdmins,
      serve: (call) => listVersions(rules(call.database)),
    },
    {
      method: 'post',
      path: `${settings}/rollback`,
      ...forAdmins,
      serve: (call) => explainingProblems(() => rollBack(call, rules(call.database)), problemsReply),
    },
  ];
}

/** The text of the rules in force, byte for byte. */
function readRules({ request }: Call, store: RulesStore): Reply {
  const etag = etagOf(store);
  if (isKnown(request.headers['if-none-match'], etag)) return { status: 304, headers: { etag } };
  return { text: store.current.source, headers: { etag, 'content-type': 'application/json; charset=utf-8' } };
}

/** Puts the body in force as it is, comments and all; with `?dryRun=true` only says whether it could be. */
async function putRules(call: Call, store: RulesStore): Promise<Reply> {
  const source = textBody(call.request);
  const warnings = lintRules(compileRules(source));
  if (queryValue(call, 'dryRun') === 'true') return { json: { status: 'ok', warnings } };
  return replaced(await store.put(source, nameOf(call.principal), conditionOf(call)), warnings);
}

async function rollBack(call: Call, store: RulesStore): Promise<Reply> {
  const { version } = fieldsOf(call, { version: count(1) });
  return replaced(await store.rollback(version, nameOf(call.principal), conditionOf(call)), []);
}

function listVersions(store: RulesStore): Reply {
  return { json: { current: store.version?.version ?? 0, versions: store.versions() } };
}

function replaced(version: RulesVersion, warnings: readonly RulesProblem[]): Reply {
  return { json: { status: 'ok', ...version, warnings }, headers: { etag: formatEtag(version.version) } };
}

function conditionOf({ request }: Call): PutOptions {
  const expected = expectedVersion(request.headers['if-match']);
  return expected === undefined ? {} : { expected };
}

/** The account of the admin, so that a version tells who made it. */
function nameOf(principal: Principal): string | null {
  return principal.kind === 'admin' ? (principal.uid ?? authorOf(principal)) : authorOf(principal);
}

/** Answers a file that cannot be loaded with everything that is wrong with it, place by place. */
async function explainingProblems(
  replace: () => Promise<Reply>,
  explain: (error: RulesError) => Reply,
): Promise<Reply> {
  try {
    return await replace();
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    return explain(error);
  }
}

export function problemsReply({ message, problems }: RulesError): Reply {
  return { status: INVALID.httpStatus, json: { error: { code: 'invalid-data', message, problems } } };
}

/** Firebase's tools show `error` as it is, and expect a text. */
function toolReply({ message, problems }: RulesError): Reply {
  return { status: INVALID.httpStatus, json: { error: message, code: 'invalid-data', problems } };
}

const INVALID = ERRORS['invalid-data'];
