import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { check } from './history/check.js';
import type { History, SentWrite } from './history/history.js';
import { startInProcess } from './history/in-process.js';
import { runLoad } from './history/run-load.js';
import type { Json } from './json-tree.js';
import { Random } from './random.js';

type Mutable<T> = T extends object ? { -readonly [Key in keyof T]: Mutable<T[Key]> } : T;
type Draft = Mutable<History>;

/** What three sound nodes did in a moment; every mutation begins with a copy. */
let good: History;

beforeAll(async () => {
  const { nodes, close } = await startInProcess(3);
  const random = new Random(7);
  const enough = async (): Promise<void> => {
    const reader = await nodes[0]!.connect();
    while (((await reader.read('/'))?.revision ?? 0) < 500) await sleep(20);
  };
  good = await runLoad({ nodes, writers: 6, listeners: 8, random, during: enough, staysMs: 50 });
  await close();
});

it('finds nothing wrong with a sound history in which all kinds of things happened', () => {
  const { problems, counts } = check(good);
  expect(problems).toEqual([]);
  for (const count of [counts.acknowledged, counts.refused, counts.events, counts.resumed, counts.reads]) {
    expect(count).toBeGreaterThan(10);
  }
});

it('needs no acknowledgement to find a write in the order', () => {
  const draft = copy();
  for (const write of draft.writes) if (write.answer?.kind === 'acknowledged') write.answer = null;
  const { problems, counts } = check(draft);
  expect(problems).toEqual([]);
  expect(counts.unknownMade).toBe(counts.commits);
});

/** Each breaks one promise in a sound history; the pattern is what the checker must say of it. */
const MUTATIONS: Readonly<Record<string, { mutate: (draft: Draft) => void; finds: RegExp }>> = {
  'an event that one listener of everything never got': {
    mutate: (draft) => void listenOf(draft, '/').events.splice(20, 1),
    finds: /got revision \d+ after \d+, and never \d+/,
  },
  'an event that a listener of a folder never got': {
    mutate: (draft) => void listenOf(draft, '/left').events.splice(5, 1),
    finds: /of \/left got revision \d+ after \d+, and never \d+/,
  },
  'the last event of a listener': {
    mutate: (draft) => void listenOf(draft, '/').events.pop(),
    finds: /was never told of revision \d+/,
  },
  'an event that came twice': {
    mutate: ({ listens }) => void listens[0]!.events.splice(20, 0, listens[0]!.events[20]!),
    finds: /got revision (\d+) after \1/,
  },
  'an event missed while a listener was away': {
    mutate: (draft) => {
      const events = draft.listens.map((listen) => listen.events).find((all) => all.some(({ resumed }) => resumed))!;
      const isFirst = ({ first }: { first: boolean }): boolean => first;
      const back = events.findIndex(
        (_, index) => index > 10 && events.slice(index - 3, index + 1).findIndex(isFirst) === 3,
      );
      events.splice(back - 3, 3);
    },
    finds: /and never \d+/,
  },
  'two commits in another order for one listener': {
    mutate: ({ listens }) => swapBodies(listens[0]!.events, 20),
    finds: /two orders/,
  },
  'two commits in another order for everybody, against their acknowledgements': {
    mutate: (draft) => {
      const revision = listenOf(draft, '/').events[20]!.revision;
      for (const { events } of draft.listens.filter(({ path }) => path === '/')) {
        swapBodies(
          events,
          events.findIndex((event) => event.revision === revision),
        );
      }
    },
    finds: /lost: w\d+ was acknowledged with revision \d+/,
  },
  'an acknowledged write that is nowhere': {
    mutate: (draft) => {
      const revision = draft.final[0]!.revision + 1;
      draft.writes.push({ ...sent(draft, 'late'), answer: { kind: 'acknowledged', revision } });
    },
    finds: /node-\d told \/ at \d+ after \d+ was known/,
  },
  'one revision for two writes': {
    mutate: ({ writes }) => {
      const [first, second] = writes.filter(isMade);
      second!.answer = first!.answer;
    },
    finds: /were both acknowledged with revision/,
  },
  'half a commit, for everybody': {
    mutate: (draft) => eachPatch(draft, (body) => void delete body[Object.keys(body)[0]!]),
    finds: /should be .* and is /,
  },
  'a commit that is two things to two listeners': {
    mutate: (draft) => {
      const event = listenOf(draft, '/').events.findLast(({ kind }) => kind === 'put')!;
      event.body = 'something else';
    },
    finds: /two orders|is of no write/,
  },
  'a write that was made twice': {
    mutate: (draft) => again(draft, draft.writes.find(({ write }) => write.id === lastSet(draft))!),
    finds: /doubled: w\d+ is revision \d+ and \d+/,
  },
  'an increment that was lost': {
    mutate: (draft) => {
      for (const { events, path } of draft.listens) {
        if (path === '/') continue;
        const event = events.findLast(({ body }) => typeof body === 'number');
        if (event) event.body = (event.body as number) - 1;
      }
    },
    finds: /listener .* of \/count knows/,
  },
  'a refused write that is there': {
    mutate: ({ writes }) => {
      writes.find(isMade)!.answer = { kind: 'refused', code: 'permission-denied' };
    },
    finds: /refused but there: w\d+/,
  },
  'a conditional write that was made although something had changed': {
    mutate: ({ writes }) => {
      const write = writes.findLast((one) => isMade(one) && one.write.conditions.some((c) => 'revision' in c))!;
      write.write.conditions[0] = { path: write.write.conditions[0]!.path, revision: 1 };
    },
    finds: /was made at \d+ although .* did not hold/,
  },
  'a conditional write that was refused although nothing had changed': {
    mutate: ({ writes }) => {
      const write = writes.find(({ answer }) => answer?.kind === 'refused')!;
      write.write.conditions[0] = { path: write.write.conditions[0]!.path, revision: 1e9 };
    },
    finds: /was refused although .* held from \d+ to \d+/,
  },
  'a write that is in the order before another that had ended when it was sent': {
    mutate: ({ writes }) => {
      const made = writes.filter(isMade).sort((a, b) => revisionOf(a) - revisionOf(b));
      made[10]!.sentAt = made.at(-1)!.endedAt + 1;
    },
    finds: /w\d+ is revision \d+, and was sent after \d+ was known/,
  },
  'a read of an older state than was acknowledged before': {
    mutate: ({ reads }) => {
      const last = reads.at(-1)!;
      const old = reads.find(({ path }) => path === last.path)!;
      Object.assign(last, { revision: old.revision, value: old.value });
    },
    finds: /told .* at \d+ after \d+ was known/,
  },
  'a read of a state that never was': {
    mutate: ({ reads }) => {
      reads[5]!.value = 'w0';
    },
    finds: /told \/cas\/x\d at revision \d+ as "w0"/,
  },
  'a node that ends with another tree': {
    mutate: ({ final }) => void delete (final[1]!.value as Record<string, Json>).left,
    finds: /node-1 told \/ at revision \d+ as/,
  },
  'a node that is behind at the end': {
    mutate: ({ final }) => {
      final[2]!.revision -= 1;
    },
    finds: /node-2 told \/ at \d+ after \d+ was known/,
  },
  'a change that nobody asked for': {
    mutate: (draft) => {
      const revision = draft.final[0]!.revision + 1;
      for (const { events, path } of draft.listens) {
        if (path === '/') events.push({ ...events.at(-1)!, kind: 'put', path: '/reg/r0', body: 'ghost', revision });
      }
    },
    finds: /is of no write that was sent/,
  },
  'another history': {
    mutate: ({ listens }) => {
      listens[0]!.events.at(-1)!.epoch = 'another';
    },
    finds: /was told of the history another/,
  },
};

describe('finds', () => {
  for (const [name, { mutate, finds }] of Object.entries(MUTATIONS)) {
    it(name, () => {
      const draft = copy();
      mutate(draft);
      expect(check(draft).problems.join('\n')).toMatch(finds);
    });
  }
});

function copy(): Draft {
  return structuredClone(good) as Draft;
}

function isMade({ answer }: Mutable<SentWrite>): boolean {
  return answer?.kind === 'acknowledged';
}

function revisionOf({ answer }: Mutable<SentWrite>): number {
  return answer?.kind === 'acknowledged' ? answer.revision : 0;
}

function listenOf({ listens }: Draft, path: string): Draft['listens'][number] {
  return listens.find((listen) => listen.path === path)!;
}

function swapBodies(events: Draft['listens'][number]['events'], at: number): void {
  const [one, other] = [events[at]!, events[at + 1]!];
  [one.body, other.body] = [other.body, one.body];
  [one.path, other.path] = [other.path, one.path];
  [one.kind, other.kind] = [other.kind, one.kind];
}

/** A set that ended just before the final states were read. */
function sent(draft: Draft, value: string): Mutable<SentWrite> {
  const endedAt = Math.min(...draft.final.map(({ sentAt }) => sentAt)) - 0.001;
  const write = { id: value, steps: [{ path: '/reg/r0', value }], conditions: [] };
  return { write, writer: 'writer-0', nodes: ['node-0'], sentAt: endedAt - 0.001, endedAt, answer: null };
}

/** The event of one revision, of several paths, for everybody who was told of it. */
function eachPatch(draft: Draft, mutate: (body: Record<string, Json>) => void): void {
  const isWhole = (body: Json): boolean => Object.values(body!).length > 1 && !Object.values(body!).includes(null);
  const patch = listenOf(draft, '/').events.find(({ kind, body }) => kind === 'patch' && isWhole(body))!;
  for (const { events, path } of draft.listens) {
    const told = events.find(({ revision }) => revision === patch.revision);
    if (path === '/' && told && told.kind === 'patch') mutate(told.body as Record<string, Json>);
  }
}

function lastSet(draft: Draft): string {
  return listenOf(draft, '/').events.findLast(({ kind, body }) => kind === 'put' && typeof body === 'string')!
    .body as string;
}

/** Everybody is told of the write once more, as a further revision. */
function again(draft: Draft, { write }: Mutable<SentWrite>): void {
  const revision = draft.final[0]!.revision + 1;
  const [step] = write.steps;
  if (step === undefined || !('value' in step)) throw new Error(`${write.id} sets nothing`);
  for (const { events, path } of draft.listens) {
    const last = events.at(-1)!;
    if (path === '/') events.push({ ...last, kind: 'put', path: step.path, body: step.value, revision, resumed: null });
  }
}
