/** A server that tests use: one that the environment names, or one of their own. */
export interface Service {
  /** As its client library takes it, such as `redis://127.0.0.1:6379`. */
  readonly url: string;
  /** Ends it if the tests started it. */
  stop(): Promise<void>;
}

/** A server in a process of its own that a test may do anything to. Its data stays over restarts, until `stop`. */
export interface OwnService extends Service {
  readonly port: number;
  /** Ends the process with SIGKILL. */
  kill(): Promise<void>;
  /** Starts the process again, on the same port and the same data; resolves once it answers. */
  restart(): Promise<void>;
  /** Stops the process with SIGSTOP: connections stay, nothing is answered. */
  freeze(): void;
  /** Lets a frozen process go on. */
  thaw(): void;
}

export type ServiceName = 'redis' | 'rabbitmq' | 'mongodb' | 'postgres' | 'nats';
