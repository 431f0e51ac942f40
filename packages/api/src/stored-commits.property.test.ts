import { ADMIN, type BacksideError, decodeCommit } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';
import { nodeToJson, type Path, readNode } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WriteStep } from './operation.js';
import { openDatabase } from './testing/database.js';

/** Paths as `parsePath` gives them: valid keys, and perhaps a priority at the end. */
const path: fc.Arbitrary<Path> = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '0', '__proto__', 'ä'), { maxLength: 33 }), fc.boolean())
  .map(([keys, ofPriority]) => (ofPriority ? [...keys, '.priority'] : keys));

const leaf = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.constant(null));
const key = fc.constantFrom(
  'a',
  'b',
  '.priority',
  '.value',
  '.sv',
  'a/b',
  'b/.priority',
  '.priority/a',
  '',
  'x.y',
  'timestamp',
);
const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('any'), { maxLength: 2 }),
    fc.dictionary(key, tie('any'), { maxKeys: 3 }),
  ),
})).any;

const step: fc.Arbitrary<WriteStep> = fc.oneof(
  fc.record({ method: fc.constant('set' as const), path, value }),
  fc.record({ method: fc.constant('set' as const), path, value, priority: fc.oneof(fc.integer(), fc.string()) }),
  fc.record({ method: fc.constant('update' as const), path, value }),
  fc.record({ method: fc.constant('push' as const), path, value }),
  fc.record({ method: fc.constant('remove' as const), path }),
);

/** Refusals are fine; what the database did not foresee is not. */
function foreseen({ code, message }: BacksideError): void {
  expect(`${code}: ${message}`).not.toMatch(/^internal/);
}

describe('whatever is asked for', () => {
  it('is refused with a reason, or stored as what reads as the same tree', async () => {
    const writes = fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(writes, async (all) => {
        const journal = createMemoryJournal({ keepCommits: 100 });
        const replica = createMemoryReplica();
        const database = await openDatabase({ journal, replica });
        await Promise.all(all.map((steps) => database.write({ principal: ADMIN, steps }).catch(foreseen)));
        const replayed = createMemoryReplica();
        for await (const commits of journal.commits(0)) {
          replayed.apply(commits.map((commit) => decodeCommit(commit.encoded())));
        }
        expect(nodeToJson(readNode(replayed, []), 'export')).toEqual(nodeToJson(readNode(replica, []), 'export'));
      }),
      { numRuns: 300 },
    );
  });
});
