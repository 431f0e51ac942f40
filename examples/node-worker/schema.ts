/** The tree of the jobs, as node-worker.rules.json guards it. */
export interface JobSchema {
  jobs: { $job: Job };
}

export interface Job {
  /** What to take apart. */
  number: number;
  state: 'waiting' | 'claimed' | 'done';
  /** The uid of who claimed it. */
  worker?: string;
  /** The result: `7 × 13`. */
  factors?: string;
}
