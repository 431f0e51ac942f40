import { type Path, parsePath } from '@backside/tree';
import { ConfigError } from '../config/config-error.js';

/** The path that a positional gives. Throws `ConfigError` for a text that is none. */
export function pathArgument(text: string): Path {
  try {
    return parsePath(text);
  } catch (cause) {
    throw new ConfigError(`PATH: ${JSON.stringify(text)} is not a path: ${(cause as Error).message}`, { cause });
  }
}
