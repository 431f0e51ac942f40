import { isPrefix, type Path } from '@backside/tree';
import type { WriteStep } from './operation.js';

/** What is left of a stored step when everything at and below `path` is taken out; null if nothing is. */
export function withoutPath(step: WriteStep, path: Path): WriteStep | null {
  if (isPrefix(path, step.path)) return null;
  if (!isPrefix(step.path, path) || (step.method !== 'set' && step.method !== 'update')) return step;
  const relative = path.slice(step.path.length);
  if (step.method === 'set') return split(step, relative);
  const rest = Object.entries(step.value as object).flatMap(([key, value]) => {
    const keys = key.split('/').filter((piece) => piece !== '');
    if (isPrefix(relative, keys)) return [];
    return [[key, isPrefix(keys, relative) ? without(value, relative.slice(keys.length)) : value] as const];
  });
  return rest.length === 0 ? null : { ...step, value: Object.fromEntries(rest) };
}

/** A stored set that loses a part no longer replaces its path: it becomes an update of the parts that stay. */
function split(step: Extract<WriteStep, { method: 'set' }>, relative: Path): WriteStep | null {
  if (typeof step.value !== 'object' || step.value === null) return step;
  const siblings: [string, unknown][] = [];
  let value: unknown = step.value;
  for (const [depth, key] of relative.entries()) {
    if (typeof value !== 'object' || value === null) break;
    for (const [sibling, node] of Object.entries(value)) {
      if (sibling !== key) siblings.push([[...relative.slice(0, depth), sibling].join('/'), node]);
    }
    value = (value as Record<string, unknown>)[key];
  }
  return siblings.length === 0 ? null : { method: 'update', path: step.path, value: Object.fromEntries(siblings) };
}

function without(value: unknown, relative: Path): unknown {
  const [key, ...rest] = relative;
  if (key === undefined || typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, node]) => {
    if (name !== key) return [[name, node] as const];
    return rest.length === 0 ? [] : [[name, without(node, rest)] as const];
  });
  return Object.fromEntries(entries);
}
