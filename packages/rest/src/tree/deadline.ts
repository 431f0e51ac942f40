import { BacksideError } from '@backside/protocol';
import type { TreeCall } from './call.js';

/** Lets a read go on until the `timeout` that the request asks for. */
export interface Deadline {
  /** Throws `timeout` once it is over. */
  check(): void;
}

const NEVER: Deadline = { check: () => {} };

/** Begins now. */
export function deadlineOf({ parameters: { timeoutMs }, now }: Pick<TreeCall, 'parameters' | 'now'>): Deadline {
  if (timeoutMs === null) return NEVER;
  const end = now() + timeoutMs;
  return {
    check: () => {
      if (now() > end) throw new BacksideError('timeout', 'the read took longer than its timeout');
    },
  };
}
