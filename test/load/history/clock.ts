import type { History } from './history.js';

/**
 * What real time says about revisions: all clients ran in one process with one clock, so that what ended before something else began
 * comes before it in the order.
 */
export interface Clock {
  /** The highest revision that somebody knew of before `time`: whatever began then comes after it. */
  knownBefore(time: number): number;
  /** The highest revision that what ended at `time` can have seen: later ones are of writes that were only sent after it. */
  possibleAt(time: number): number;
}

/** `placed` are the revisions of writes with the times at which they were first sent. */
export function clockOf(history: History, placed: readonly { revision: number; sentAt: number }[]): Clock {
  const known = sightings(history).sort((a, b) => a.at - b.at);
  const highest = running(known, Math.max);
  const sent = placed.map(({ revision, sentAt }) => ({ at: sentAt, revision })).sort((a, b) => b.at - a.at);
  const lowest = running(sent, Math.min);
  return {
    knownBefore: (time) => highest[count(known, ({ at }) => at < time) - 1] ?? history.base.revision,
    possibleAt: (time) => (lowest[count(sent, ({ at }) => at > time) - 1] ?? Number.POSITIVE_INFINITY) - 1,
  };
}

interface Sighting {
  readonly at: number;
  readonly revision: number;
}

function sightings({ writes, listens, reads, final }: History): Sighting[] {
  const found: Sighting[] = [];
  for (const { answer, endedAt } of writes) {
    if (answer?.kind === 'acknowledged') found.push({ at: endedAt, revision: answer.revision });
  }
  for (const { events } of listens) for (const { at, revision } of events) found.push({ at, revision });
  for (const { endedAt, revision } of [...reads, ...final]) found.push({ at: endedAt, revision });
  return found;
}

/** The extreme of each beginning of the list. */
function running(list: readonly Sighting[], choose: (a: number, b: number) => number): number[] {
  const extremes: number[] = [];
  for (const { revision } of list) extremes.push(choose(extremes.at(-1) ?? revision, revision));
  return extremes;
}

/** How many at the beginning of the list fulfil a condition that, once false, stays so. */
function count(list: readonly Sighting[], holds: (sighting: Sighting) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
