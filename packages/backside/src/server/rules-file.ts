import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { RulesStore } from '@backside/api';
import type { Logger } from '@backside/protocol';
import { formatProblem, RulesError } from '@backside/security';
import { ConfigError } from '../config/config-error.js';

/** An editor writes a file in several steps; this long after the last one it is read. */
const SETTLED_MS = 100;
/** Who put rules from a file in force. */
const AUTHOR = '(file)';

/**
 * Puts the rules of a file in force in every database that has others. Rejects with `ConfigError`, with every problem and its
 * place, if the file cannot be read or does not compile; nothing has changed then.
 */
export async function applyRulesFile(file: string, stores: readonly RulesStore[]): Promise<void> {
  let source: string;
  try {
    source = await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`rules: ${(cause as Error).message}`, { cause });
  }
  try {
    for (const store of stores) await store.put(source, AUTHOR);
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    const problems = error.problems.map((problem) => `${file}:${formatProblem(problem)}`);
    throw new ConfigError(`rules: ${file} has errors\n${problems.join('\n')}`, { cause: error });
  }
}

/** Puts the file in force whenever it has been saved, and logs what keeps it from that. Returns how to stop. */
export function watchRulesFile(file: string, stores: readonly RulesStore[], logger: Logger): () => void {
  let timer: NodeJS.Timeout | undefined;
  const apply = (): void => {
    applyRulesFile(file, stores).then(
      () => logger.debug({ file }, 'the rules file was read'),
      (error: Error) => logger.error({}, `${error.message}\nthe rules before stay in force`),
    );
  };
  // The folder, since editors replace files.
  const watcher = watch(dirname(file), { persistent: false }, (_event, name) => {
    if (name !== null && name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(apply, SETTLED_MS);
  });
  watcher.on('error', (error) => logger.warn({ err: error, file }, 'the rules file is no longer watched'));
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
