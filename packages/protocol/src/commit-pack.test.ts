import { describe, expect, it } from 'vitest';
import { Commit } from './commit.js';
import { packCommits, unpackCommits } from './commit-pack.js';

const COMMITS = [1, 2, 3].map(
  (revision) =>
    new Commit({
      revision,
      time: 5,
      author: 'é',
      origin: 'n',
      changes: [{ path: ['a'], value: 'x'.repeat(revision) }],
    }),
);

describe('packed commits', () => {
  it('are the same commits once unpacked, in their order', () => {
    expect(unpackCommits(packCommits(COMMITS)).map((commit) => ({ ...commit }))).toEqual(
      COMMITS.map((commit) => ({ ...commit })),
    );
    expect(unpackCommits(packCommits([]))).toEqual([]);
  });

  it('can be handed over: nobody else uses their memory', () => {
    const packed = packCommits(COMMITS);
    expect(packed.bytes.buffer.byteLength).toBe(packed.bytes.length);
    const moved = structuredClone(packed, { transfer: [packed.bytes.buffer as ArrayBuffer] });
    expect(unpackCommits(moved).map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(COMMITS[0]?.encoded().length).toBeGreaterThan(0);
  });

  it('are refused if they hold anything else', () => {
    expect(() => unpackCommits({ bytes: new TextEncoder().encode('{"r":1'), lengths: [6] })).toThrow(
      'a stored commit cannot be read',
    );
  });
});
