import { BacksideError, toBacksideError } from '@backside/protocol';
import { isValidKey } from '@backside/tree';
import type { FunctionOptions, Trigger } from './define.js';
import { type DeclaredFunction, patternOf } from './registry.js';
import { ScheduleTimes } from './schedule-times.js';

/** What timers can wait for. */
const MAX_MS = 2 ** 31 - 1;
const MIN = { timeoutMs: 1, attempts: 1, backoffMs: 0 } as const;

/** Throws `invalid-data`, naming the function, if it cannot be run as it is declared. */
export function assertDeclarable({ name, trigger, options }: DeclaredFunction): void {
  try {
    // The name is a key of what is stored.
    if (!isValidKey(name)) throw new BacksideError('invalid-data', 'its name is no key');
    assertTrigger(trigger);
    assertOptions(options);
  } catch (cause) {
    throw new BacksideError('invalid-data', `the function ${name}: ${toBacksideError(cause).message}`, { cause });
  }
}

function assertTrigger(trigger: Trigger): void {
  patternOf(trigger);
  if (trigger.kind === 'schedule') new ScheduleTimes(trigger.cron, trigger.timezone);
}

function assertOptions(options: FunctionOptions): void {
  for (const name of ['timeoutMs', 'attempts', 'backoffMs'] as const) {
    const value: unknown = options[name];
    const fits = Number.isInteger(value) && (value as number) >= MIN[name] && (value as number) <= MAX_MS;
    if (value !== undefined && !fits) throw new BacksideError('invalid-data', `${name} cannot be ${String(value)}`);
  }
  const { order = 'skip' } = options;
  if (order !== 'skip' && order !== 'kept') throw new BacksideError('invalid-data', `order cannot be ${String(order)}`);
}
