import type { Json } from '../json-tree.js';
import type { History, SeenEvent, SentWrite } from './history.js';
import type { Problems } from './problems.js';
import { type Changes, canonical, joinPaths } from './state.js';

/** What clients told of the commit with one revision. */
export interface Traces {
  /** The write that was acknowledged with it. */
  acknowledged?: SentWrite;
  /** What listeners of the whole tree were told of it, and the first of them. */
  seen?: { readonly by: string; readonly changes: Changes };
}

/** All that is known of each revision after the base. Two that contradict each other are a problem. */
export function tracesOf(history: History, problems: Problems): Map<number, Traces> {
  const traces = new Map<number, Traces>();
  const at = (revision: number): Traces => {
    const known = traces.get(revision) ?? {};
    traces.set(revision, known);
    return known;
  };
  for (const write of history.writes) {
    if (write.answer?.kind === 'acknowledged') acknowledge(at(write.answer.revision), write, problems);
  }
  for (const { listener, path, events } of history.listens) {
    if (path !== '/') continue;
    for (const [index, event] of events.entries()) {
      if (!isOneCommit(event, events[index - 1])) continue;
      see(at(event.revision), { by: listener, changes: changesOfEvent(event) }, { event, problems });
    }
  }
  return traces;
}

/** Whether an event of the whole tree tells exactly what the commit of its revision changed. */
function isOneCommit(event: SeenEvent, before: SeenEvent | undefined): boolean {
  const follows = before !== undefined && event.revision === before.revision + 1;
  return follows && (!event.first || event.resumed === true);
}

function acknowledge(traces: Traces, write: SentWrite, problems: Problems): void {
  const other = traces.acknowledged;
  if (other === undefined) traces.acknowledged = write;
  else {
    const revision = write.answer?.kind === 'acknowledged' ? write.answer.revision : 0;
    problems.add(`${other.write.id} and ${write.write.id} were both acknowledged with revision ${revision}`);
  }
}

function see(traces: Traces, sight: NonNullable<Traces['seen']>, at: { event: SeenEvent; problems: Problems }): void {
  const other = traces.seen;
  if (other === undefined) traces.seen = sight;
  else if (describe(other.changes) !== describe(sight.changes)) {
    const { revision } = at.event;
    at.problems.add(
      `two orders: revision ${revision} is ${describe(other.changes)} to ${other.by}, ${describe(sight.changes)} to ${sight.by}`,
    );
  }
}

/** The absolute paths that an event sets. */
export function changesOfEvent({ kind, path, body }: SeenEvent): Changes {
  if (kind === 'put') return new Map([[joinPaths(path), body]]);
  const entries = Object.entries(body as Record<string, Json>);
  return new Map(entries.map(([relative, value]) => [joinPaths(path, relative), value]));
}

export function describe(changes: Changes): string {
  return canonical(Object.fromEntries(changes));
}
