import { type BacksideError, type Commit, decodeCommit, type ErrorCode } from '@backside/protocol';
import type { AppendOutcome, JournalSupports } from '@backside/store';

/** Commits as they travel: their encodings joined, and the length of each. */
export interface PackedCommits {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
}

/** An append: `generation` is how many conflicts the worker knew of when it built the batch. */
export interface AppendRequest {
  readonly kind: 'append';
  readonly id: number;
  readonly base: number;
  readonly generation: number;
  readonly commits: PackedCommits;
}

/** What has one answer. */
export type CallRequest =
  | { readonly kind: 'open'; readonly id: number }
  | { readonly kind: 'head'; readonly id: number }
  | { readonly kind: 'first'; readonly id: number }
  | { readonly kind: 'trim'; readonly id: number; readonly revision: number }
  /** Begins to read the commits above `after` and up to `head`; the first group is the answer. */
  | { readonly kind: 'read'; readonly id: number; readonly after: number; readonly head: number }
  /** The next group of the reading that the call `reading` began. */
  | { readonly kind: 'next'; readonly id: number; readonly reading: number };

/** What has no answer. */
interface StopRequest {
  readonly kind: 'stop';
  readonly reading: number;
}

/** What a worker asks. `id` is its own number for the call, and comes back with every answer to it. */
export type Request = AppendRequest | CallRequest | StopRequest;

/** What the primary answers. Several travel as one array. */
export type Answer =
  | { readonly kind: 'opened'; readonly id: number; readonly epoch: string; readonly supports: JournalSupports }
  /** `generation` is how many conflicts the primary has found among this worker's appends. */
  | { readonly kind: 'accepted'; readonly id: number; readonly outcome: AppendOutcome; readonly generation: number }
  | { readonly kind: 'durable'; readonly id: number; readonly outcome: AppendOutcome }
  | { readonly kind: 'revision'; readonly id: number; readonly revision: number }
  /** Null ends a reading, which then needs no `stop`. */
  | { readonly kind: 'commits'; readonly id: number; readonly commits: PackedCommits | null }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string };

export function packCommits(commits: readonly Commit[]): PackedCommits {
  const encoded = commits.map((commit) => commit.encoded());
  const lengths = encoded.map(({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const one of encoded) {
    bytes.set(one, offset);
    offset += one.length;
  }
  return { bytes, lengths };
}

export function unpackCommits({ bytes, lengths }: PackedCommits): Commit[] {
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return decodeCommit(bytes.subarray(end - length, end));
  });
}

/** The error as an answer. Causes stay behind: they are for the log of the process that had them. */
export function failedAnswer(id: number, error: BacksideError): Answer {
  return { kind: 'failed', id, code: error.code, message: error.message };
}
