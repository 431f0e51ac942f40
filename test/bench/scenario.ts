/** What one measured round came to. */
export interface Sample {
  /** What was done: deliveries, writes, queries, megabytes … */
  readonly units: number;
  readonly seconds: number;
  /** CPU seconds that the measured process used for it. */
  readonly serverCpu: number;
  /** CPU seconds of the load process; near `seconds` it, and not the server, was what limited the rate. */
  readonly clientCpu: number;
  /** One value per unit (latencies in milliseconds) or per round, where a scenario has such. */
  readonly values?: readonly number[];
}

/** A prepared load: everything is connected and listening. */
export interface Load {
  /** Runs one round; what `amount` counts (mostly seconds) is the scenario's to say. */
  round(amount: number): Promise<Sample>;
  close(): Promise<void> | void;
}

/** Runs in a process of its own (`load-process.ts`) and gets its options as plain data. */
export type Scenario<Options> = (options: Options) => Promise<Load>;

/** The server that a scenario talks to, and whose CPU it reads. */
export interface Target {
  readonly port: number;
  readonly pid: number;
}
