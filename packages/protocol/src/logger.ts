type LogFunction = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** Structured logging as pino does it; the composition root passes one down. Fields never hold secrets or bodies. */
export interface Logger {
  readonly debug: LogFunction;
  readonly info: LogFunction;
  readonly warn: LogFunction;
  readonly error: LogFunction;
}

const nothing: LogFunction = () => {};

/** Logs nowhere: for tests and tools. */
export const SILENT_LOGGER: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
