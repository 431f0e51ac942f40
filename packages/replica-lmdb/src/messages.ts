import type { PackedCommits } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';

/** Something that the worker is asked to do and reports back on, in the order of asking. */
export type Task =
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'indexes'; readonly definitions: readonly IndexDefinition[] }
  | { readonly kind: 'reset'; readonly epoch: string }
  /** The three steps of a restoration: one of the first, any number of the second, one of the third. */
  | { readonly kind: 'restore-begin' }
  | { readonly kind: 'restore'; readonly entries: PackedCommits }
  | { readonly kind: 'restore-end'; readonly epoch: string; readonly revision: number }
  | { readonly kind: 'close' };

export type Request =
  | { readonly kind: 'commits'; readonly commits: PackedCommits }
  | { readonly kind: 'task'; readonly id: number; readonly task: Task };

/** What the disk holds now. */
export interface Progress {
  readonly epoch: string | null;
  readonly revision: number;
}

export type Report =
  | { readonly kind: 'done'; readonly id: number; readonly progress: Progress }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** Work beside the tasks has changed what is on disk, or freed pages of it. */
  | { readonly kind: 'worked' }
  /** Such work failed; it is tried again after the next task. */
  | { readonly kind: 'trouble'; readonly message: string };

export interface WorkerOptions {
  readonly directory: string;
  readonly maxPackedCharacters?: number | undefined;
}
