import type { WriteStep } from '@backside/api';
import type { Json, Path } from '@backside/tree';

/** One step of a write; its path may be text, `/a/b`. */
export type JobStep = WriteStep extends infer Step
  ? Step extends WriteStep
    ? Omit<Step, 'path'> & { readonly path: string | Path }
    : never
  : never;

/** What a handler is given beside the data of its job. */
export interface JobContext {
  readonly id: string;
  readonly name: string;
  /** 1 at first; above that an earlier attempt failed or died on the way. */
  readonly attempt: number;
  /** Aborts when the job is cancelled, lost to another worker, or out of time. */
  readonly signal: AbortSignal;

  /** Shows at the job's node how far it is. Told again and again, only the latest counts. */
  progress(value: Json): void;

  /** The value at a path of the tree now, with the rights of the server. */
  read(path: string | Path): Promise<Json>;

  /**
   * Makes one atomic write with the rights of the server, exactly once however often the job is run: the first, second, third …
   * write of a job is made by whichever attempt comes there first, and later attempts find it made. So a handler should make the same
   * writes in the same order each time; what it computes in between may differ. Resolves once the write is durable; rejects as
   * `Database.write` does, and as the write before it if that was rejected. In a list of functions those of each are counted apart.
   */
  write(steps: readonly JobStep[]): Promise<void>;
}

/** The work. What it returns is the job's result; what it throws makes the attempt a failed one. */
export type Handler = (data: Json, context: JobContext) => Promise<Json | undefined> | Json | undefined;

/** Thrown by a handler that knows that trying again is of no use. Known by its name, so that modules need not import it. */
export class FinalError extends Error {
  override readonly name = 'FinalError';
}
