import type { Rule, RuleNode } from '../rule-node.js';
import type { Finding, Site } from './finding.js';
import { isSignedInTest, mentions, mentionsClaims, partsOf } from './shapes.js';

const DEEDS = { read: 'read', write: 'change' } as const;

/** `.read` or `.write` at the root that holds for everybody, or for whoever has signed in, anonymously even. */
export function* rootGrant({ rule, node }: Site): Generator<Finding> {
  if (rule.kind === 'validate' || node.pattern.length > 0) return;
  const deed = `${DEEDS[rule.kind]} the whole database`;
  if (rule.constant === true) {
    yield {
      code: 'open-root',
      message: `everybody can ${deed}`,
      hint: 'grant it further down, to those who need it: a grant holds for everything below it',
    };
  } else if (isAnyUser(rule)) {
    yield {
      code: 'open-root',
      message: `whoever signs in, with an anonymous account even, can ${deed}`,
      hint: 'grant it further down, for example at /users/$uid with auth.uid == $uid, or test a claim such as auth.token.admin == true',
    };
  }
}

/** A rule below one that grants already: what is granted above cannot be narrowed or taken back. */
export function* rulesWithoutEffect({ rule, above }: Site): Generator<Finding> {
  if (rule.kind === 'validate') return;
  const { kind } = rule;
  for (const grant of above.map((node: RuleNode) => node[kind])) {
    if (grant === null || grant.constant === false) continue;
    const finding = withoutEffect(rule, grant);
    if (finding === null) continue;
    yield finding;
    return;
  }
}

function withoutEffect(rule: Rule, grant: Rule): Finding | null {
  const place = `${grant.rulePath} on line ${grant.line}`;
  const hint = `move the grant of ${place} down to where it is meant`;
  if (grant.constant === true) {
    return { code: 'unreachable-rule', message: `never evaluated: ${place} grants all of this already`, hint };
  }
  if (rule.constant === false && !isForRole(grant)) {
    return { code: 'no-denial', message: `takes nothing back: what ${place} grants holds here too`, hint };
  }
  if (isAnyUser(grant) && rule.expression !== null && mentions(rule.expression, 'auth')) {
    return { code: 'broad-grant', message: `narrows nothing: ${place} grants it to whoever signs in`, hint };
  }
  return null;
}

/** Whether the rule asks for nothing but being signed in. */
function isAnyUser({ expression }: Rule): boolean {
  return expression !== null && isSignedInTest(expression);
}

/** Whether the rule is about what someone is, rather than about whose the data is: then `false` below it is said for readers. */
function isForRole({ expression }: Rule): boolean {
  if (expression === null) return false;
  for (const part of partsOf(expression)) if (part.kind === 'variable' && part.name.startsWith('$')) return false;
  return mentionsClaims(expression) || mentions(expression, 'root');
}
