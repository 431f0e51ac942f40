import { describe, expect, it } from 'vitest';
import { RecentCommits } from './recent-commits.js';

describe('recent commits', () => {
  it('gives what it has whole, and nothing of which it has only a part', () => {
    const recent = new RecentCommits(100);
    expect(recent.between(0, 1)).toBeNull();
    for (let base = 40; base < 80; base += 2) recent.add(base, [encodingOf(base + 1), encodingOf(base + 2)]);
    expect(read(recent, 70, 80)).toEqual([71, 72, 73, 74, 75, 76, 77, 78, 79, 80]);
    expect(read(recent, 72, 75)).toEqual([73, 74, 75]);
    expect(recent.between(69, 80)).toBeNull();
    expect(recent.between(80, 80)).toBeNull();
    expect(recent.between(79, 81)).toBeNull();
  });

  it('holds no more bytes than it may, also after a commit that is larger', () => {
    const recent = new RecentCommits(100);
    recent.add(0, [new Uint8Array(500)]);
    expect(recent.between(0, 1)).toBeNull();
    recent.add(1, [encodingOf(2)]);
    expect(read(recent, 1, 2)).toEqual([2]);
  });

  it('begins anew where commits do not continue the last ones', () => {
    const recent = new RecentCommits(100);
    recent.add(0, [encodingOf(1), encodingOf(2)]);
    recent.add(5, [encodingOf(6)]);
    expect(recent.between(1, 6)).toBeNull();
    expect(read(recent, 5, 6)).toEqual([6]);
  });

  it('drops what the journal has dropped', () => {
    const recent = new RecentCommits(100);
    recent.add(0, [encodingOf(1), encodingOf(2), encodingOf(3)]);
    recent.dropBefore(3);
    expect(recent.between(1, 3)).toBeNull();
    expect(read(recent, 2, 3)).toEqual([3]);
    recent.dropBefore(9);
    expect(recent.between(2, 3)).toBeNull();
    recent.add(3, [encodingOf(4)]);
    expect(read(recent, 3, 4)).toEqual([4]);
  });
});

/** Ten bytes that name a revision. */
function encodingOf(revision: number): Uint8Array {
  return new Uint8Array(10).fill(revision);
}

function read(recent: RecentCommits, after: number, head: number): number[] | undefined {
  return recent.between(after, head)?.map((bytes) => bytes[0]!);
}
