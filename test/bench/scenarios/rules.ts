import { readFileSync } from 'node:fs';
import { compileRules, type Rule, type RuleNode } from '@backside/security';
import type { Scenario } from '../scenario.js';
import { Stopwatch } from '../stopwatch.js';
import { chatReads, chatWrites, type ReadOperation, type WriteOperation } from './rules-chat.js';
import { ours } from './rules-ours.js';
import { targaryen } from './rules-targaryen.js';

/** A rules engine over the data of the chat application: what it is to decide, each as a function to be called again and again. */
export interface Contender {
  reads(operations: readonly ReadOperation[]): (() => boolean)[];
  /** Decisions alone: the states before and after each write are there. */
  writes(operations: readonly WriteOperation[]): (() => boolean)[];
  /** Decisions and, where they allow it, the change of the state that the next one sees. */
  wholeWrites(operations: readonly WriteOperation[]): (() => boolean)[];
}

export interface RulesOptions {
  readonly work: keyof Contender;
}

const FILE = new URL('../../../packages/security/fixtures/chat.rules', import.meta.url);

/** Turns of each list before which nothing is measured, so that both sides are compared on all of it more than once. */
const COMPARED_TURNS = 3;

/**
 * Both engines in this process. Rounds alternate between them, ours first; a round is measured in seconds, a unit is one operation.
 * They must agree on every verdict, on each of several turns, before anything is measured.
 */
export const rules: Scenario<RulesOptions> = async ({ work }) => {
  const source = readFileSync(FILE, 'utf8');
  const contenders = [ours(source), targaryen({ rules: jsonOf(compileRules(source).root) })];
  const lists = contenders.map((contender) => operationsOf(contender, work));
  for (let turn = 0; turn < COMPARED_TURNS; turn += 1) assertSameVerdicts(lists);
  let rounds = 0;
  return {
    async round(seconds) {
      const operations = lists[rounds % lists.length]!;
      rounds += 1;
      const watch = new Stopwatch(process.pid);
      let turns = 0;
      while (turns === 0 || watch.seconds < seconds) {
        for (const operation of operations) operation();
        turns += 1;
      }
      return watch.stop(turns * operations.length);
    },
    close: () => {},
  };
};

function operationsOf(contender: Contender, work: keyof Contender): (() => boolean)[] {
  return work === 'reads' ? contender.reads(chatReads()) : contender[work](chatWrites());
}

function assertSameVerdicts([mine, theirs]: readonly (readonly (() => boolean)[])[]): void {
  const [a, b] = [mine!.map((operation) => operation()), theirs!.map((operation) => operation())];
  const differing = a.findIndex((verdict, index) => verdict !== b[index]);
  if (differing !== -1) throw new Error(`operation ${differing}: ours says ${a[differing]}, targaryen ${b[differing]}`);
  const allowed = a.filter(Boolean).length;
  if (allowed < a.length / 2 || allowed > a.length * 0.9) throw new Error(`${allowed} of ${a.length} are allowed`);
}

/** The rules without comments, as targaryen takes them. */
function jsonOf(node: RuleNode): Readonly<Record<string, unknown>> {
  const children = [
    ...node.literals,
    ...(node.wildcard ? [[node.wildcard.pattern.at(-1)!, node.wildcard] as const] : []),
  ];
  return {
    ...sourceOf('.read', node.read),
    ...sourceOf('.write', node.write),
    ...sourceOf('.validate', node.validate),
    ...Object.fromEntries(children.map(([key, child]) => [key, jsonOf(child)])),
  };
}

function sourceOf(name: string, rule: Rule | null): Readonly<Record<string, unknown>> {
  if (rule === null) return {};
  return { [name]: rule.expression === null ? rule.constant : rule.source };
}
