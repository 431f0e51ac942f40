import { type Commit, decodeCommit } from './commit.js';

/** Commits as they travel between threads and processes: their encodings joined, and the length of each. */
export interface PackedCommits {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** Joins the encodings of commits, in memory of their own, which may be handed over to another thread. */
export function packCommits(commits: readonly Commit[]): PackedCommits {
  return packEncodings(commits.map((commit) => commit.encoded()));
}

/** The same, of commits that are at hand in their encoded form only. */
export function packEncodings(encodings: readonly Uint8Array[]): PackedCommits {
  const lengths = encodings.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const one of encodings) {
    bytes.set(one, offset);
    offset += one.length;
  }
  return { bytes, lengths };
}

/** The commits of a pack; they keep its bytes. Throws `internal` if it holds anything else. */
export function unpackCommits({ bytes, lengths }: PackedCommits): Commit[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return decodeCommit(bytes.subarray(end - length, end));
  });
}
