import { isValidKey, type Path } from '@backside/tree';
import type { CompiledNode } from './compiled-node.js';
import type { Position } from './rule-program.js';
import type { RuleIndex } from './rules.js';
import type { RulesFileNode } from './rules-file-node.js';
import { segmentsOf } from './segments.js';

/** What the value of an `.indexOn` lists, or what is wrong with it and where. */
export function indexEntries(
  value: RulesFileNode,
): string[] | { readonly message: string; readonly position: Position } {
  const items = value.kind === 'array' ? value.items : [value];
  const entries: string[] = [];
  for (const item of items) {
    if (item.kind !== 'string')
      return { message: '.indexOn takes a string or a list of strings', position: item.position };
    if (item.text !== '.value' && pathOf(item.text) === null) {
      return { message: `${JSON.stringify(item.text)} cannot be indexed`, position: item.position };
    }
    entries.push(item.text);
  }
  return entries;
}

/** The indexes that the rule tree asks for, each once. */
export function collectIndexes(root: CompiledNode): RuleIndex[] {
  const indexes: RuleIndex[] = [];
  const waiting: CompiledNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    for (const entry of new Set(node.indexOn)) {
      indexes.push({ pattern: node.pattern, by: entry === '.value' ? 'value' : (pathOf(entry) as Path) });
    }
    for (const child of node.literals.values()) waiting.push(child);
    if (node.wildcard !== null) waiting.push(node.wildcard);
  }
  return indexes;
}

function pathOf(text: string): Path | null {
  const path = segmentsOf(text);
  return path.length > 0 && path.every((key) => isValidKey(key)) ? path : null;
}
