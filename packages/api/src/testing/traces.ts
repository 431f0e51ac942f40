import { randomBytes } from 'node:crypto';
import { TraceLog } from '../trace-log.js';

export function openTraces(): TraceLog {
  return new TraceLog({ nodeId: 'node-a', now: () => 1_700_000_000_000, randomBytes });
}
