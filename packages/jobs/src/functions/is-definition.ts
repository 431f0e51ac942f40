import type { FunctionDefinition, FunctionEvent } from './define.js';

const KINDS = new Set(['write', 'create', 'update', 'delete', 'user-created', 'schedule']);

/** Whether an export of a function file is a function to be run for events, whoever spelled it out. */
export function isDefinition(value: unknown): value is FunctionDefinition<FunctionEvent> {
  if (typeof value !== 'object' || value === null) return false;
  const { trigger, run, options = {} } = value as Partial<Record<'trigger' | 'run' | 'options', unknown>>;
  return typeof run === 'function' && isTrigger(trigger) && typeof options === 'object' && options !== null;
}

function isTrigger(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, pattern, cron } = value as Partial<Record<'kind' | 'pattern' | 'cron', unknown>>;
  if (typeof kind !== 'string' || !KINDS.has(kind)) return false;
  if (kind === 'schedule') return typeof cron === 'string';
  return kind === 'user-created' || typeof pattern === 'string';
}
