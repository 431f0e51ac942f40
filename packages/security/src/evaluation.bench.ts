import { readFileSync } from 'node:fs';
import { type Change, makeMap, type Node, nodeFromJson, nodeReader, SparseTree } from '@backside/tree';
import { bench, describe } from 'vitest';
import { compileRules } from './compile-rules.js';
import { Coverage } from './coverage.js';
import type { ReadCheck, WriteCheck } from './rules.js';
import { parseRulesFile } from './rules-file.js';

const SOURCE = readFileSync(new URL('../fixtures/chat.rules', import.meta.url), 'utf8');
const NOW = 1_700_000_000_000;
const RULES = compileRules(SOURCE);
const WATCHED = compileRules(SOURCE);
WATCHED.observe(new Coverage());

/** One private room with as many members as there are users. */
function tree(users: number): Node {
  const members = Array.from({ length: users }, (_, user): [string, Node] => [
    `u${user}`,
    nodeFromJson({ role: 'member', since: 1 }),
  ]);
  return makeMap([
    ['rooms', nodeFromJson({ r: { name: 'A room', owner: 'u0', created: 1, public: false } })],
    ['members', makeMap([['r', makeMap(members)]])],
  ]);
}

const root = nodeReader(tree(1000));
const auth = { uid: 'u7', provider: 'password', token: {} };
const read: ReadCheck = { auth, path: ['messages', 'r'], query: null, root, now: NOW };

function post(): WriteCheck {
  const value = nodeFromJson({ from: 'u7', text: 'How is everybody?', at: NOW });
  const changes: Change[] = [{ path: ['messages', 'r', 'm'], value }];
  const overlay = new SparseTree();
  for (const change of changes) overlay.apply(change, root);
  return { auth, changes, before: root, after: overlay.over(root), now: NOW };
}

const write = post();

describe('decisions', () => {
  bench('a read by a member of a room', () => void RULES.read(read));
  bench('the same, with its basis', () => void RULES.readWithBasis(read));
  bench('the same, with coverage', () => void WATCHED.read(read));
  bench('the same, explained', () => void RULES.explainRead(read));
  bench('a message, seven rules', () => void RULES.write(write));
  bench('the same, with its overlay', () => void RULES.write(post()));
});

describe('loading', () => {
  bench('parseRulesFile, 80 rules', () => void parseRulesFile(SOURCE));
  bench('compileRules, 80 rules', () => void compileRules(SOURCE));
});
