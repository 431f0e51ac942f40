import { type Lint, problemOf, type Site } from './lint/finding.js';
import { rootGrant, rulesWithoutEffect } from './lint/grants.js';
import { missingIndex } from './lint/indexes.js';
import {
  constantPart,
  constantRule,
  errorBeforeOr,
  looseAnchors,
  nullEqualsNull,
  pathFromData,
  quotedWildcard,
} from './lint/slips.js';
import { deadValidate, idleValidate, validateOfAbsence, validateOfOldData } from './lint/validates.js';
import type { RulesProblem } from './problem.js';
import type { RuleNode } from './rule-node.js';
import { childNodes, rulesAt } from './rule-walk.js';
import type { Rules } from './rules.js';

const LINTS: readonly Lint[] = [
  rootGrant,
  rulesWithoutEffect,
  idleValidate,
  deadValidate,
  validateOfAbsence,
  validateOfOldData,
  constantRule,
  constantPart,
  quotedWildcard,
  nullEqualsNull,
  errorBeforeOr,
  pathFromData,
  looseAnchors,
  missingIndex,
];

/** Warnings about rules that load, but hardly say what was meant; in the order of the file. */
export function lintRules(rules: Rules): readonly RulesProblem[] {
  const problems: RulesProblem[] = [];
  for (const site of sitesBelow(rules.root, [])) {
    for (const lint of LINTS) for (const finding of lint(site)) problems.push(problemOf(site, finding));
  }
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Rule trees are as shallow as data: the walk may call itself. */
function* sitesBelow(node: RuleNode, above: readonly RuleNode[]): Generator<Site> {
  for (const rule of rulesAt(node)) yield { rule, node, above };
  for (const child of childNodes(node)) yield* sitesBelow(child, [...above, node]);
}
