import type { BacksideError, ErrorCode, PackedCommits } from '@backside/protocol';
import type { AppendOutcome, JournalSupports } from '@backside/store';

/** An append: `generation` is how many conflicts and failures the worker knew of when it built the batch. */
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

/** An outcome without commits, which travel packed: as objects they would arrive as mere data. */
type BareOutcome = Pick<AppendOutcome, 'status' | 'head'>;

/** Says what became of an append, or that it has its place. */
export interface AcceptedAnswer {
  readonly kind: 'accepted';
  readonly id: number;
  readonly outcome: BareOutcome;
  /** With a conflict: the commits from base + 1 to the head, if the primary had them at hand. */
  readonly missing?: PackedCommits;
  /** How many conflicts and failures the primary has found among this worker's appends. */
  readonly generation: number;
}

interface FailedAnswer {
  readonly kind: 'failed';
  readonly id: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** As in `AcceptedAnswer`, if it was an append. */
  readonly generation?: number;
}

/** What the primary answers. Several travel as one array. */
export type Answer =
  | { readonly kind: 'opened'; readonly id: number; readonly epoch: string; readonly supports: JournalSupports }
  | AcceptedAnswer
  | { readonly kind: 'durable'; readonly id: number; readonly outcome: BareOutcome }
  | { readonly kind: 'revision'; readonly id: number; readonly revision: number }
  /** Null ends a reading, which then needs no `stop`. */
  | { readonly kind: 'commits'; readonly id: number; readonly commits: PackedCommits | null }
  | FailedAnswer;

/** The error as an answer. Causes stay behind: they are for the log of the process that had them. */
export function failedAnswer(id: number, { code, message }: BacksideError, generation?: number): Answer {
  return { kind: 'failed', id, code, message, ...(generation !== undefined && { generation }) };
}
