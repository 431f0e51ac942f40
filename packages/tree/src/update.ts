import { type Change, orderAsOneStep } from './change.js';
import { TreeError } from './error.js';
import { type FromJsonOptions, nodeFromJson } from './json.js';
import { DEFAULT_LIMITS } from './limits.js';
import { asPriority } from './node.js';
import { isPriorityPath, type Path, parsePath } from './path.js';
import type { ServerValueContext } from './server-value.js';

/** `depth` is not an option: it follows from the paths. */
export type UpdateOptions = Omit<FromJsonOptions, 'depth'>;

/**
 * The changes of an update (merge) at `base`: `json` is an object whose keys are relative paths, as deep as wanted and possibly
 * ending in `.priority`, each of which is replaced by its value. An empty object changes nothing.
 * In the result, removals come after what is added, and priorities last, so that the whole acts as one step.
 *
 * Throws `invalid-path` for a bad key, `invalid-data` for a bad value or if one key is an ancestor of another (or the same path
 * spelt differently), `too-large` beyond a limit. Paths of server values are relative to `base`.
 */
export function parseUpdate(base: Path, json: unknown, options: UpdateOptions = {}): Change[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TreeError('invalid-data', 'an update is an object of relative paths');
  }
  const changes = Object.entries(json).map(([key, value]) => updateChange(base, { key, value }, options));
  refuseOverlaps(changes);
  return orderAsOneStep(changes);
}

function updateChange(base: Path, { key, value }: { key: string; value: unknown }, options: UpdateOptions): Change {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const relative = parsePath(key, limits);
  if (relative.length === 0) throw new TreeError('invalid-path', 'empty key');
  const path = [...base, ...relative];
  const priority = isPriorityPath(path);
  const node = nodeFromJson(value, {
    limits,
    depth: priority ? path.length - 1 : path.length,
    ...(options.serverValues && {
      serverValues: below(options.serverValues, relative),
    }),
  });
  return { path, value: priority ? asPriority(node) : node };
}

function below(context: ServerValueContext, prefix: Path): ServerValueContext {
  return {
    now: context.now,
    existing: (path): ReturnType<ServerValueContext['existing']> => context.existing([...prefix, ...path]),
  };
}

/** Throws if one change's path is another's, or an ancestor of it. */
function refuseOverlaps(changes: readonly Change[]): void {
  if (changes.length < 2) return;
  const root: Trie = new Map();
  for (const { path } of changes) {
    let at = root;
    let fresh = false;
    for (const key of path) {
      let next = at.get(key);
      if (next === undefined) {
        if (at !== root && at.size === 0 && !fresh) throw overlap();
        next = new Map();
        at.set(key, next);
        fresh = true;
      }
      at = next;
    }
    if (!fresh) throw overlap();
  }
}

type Trie = Map<string, Trie>;

function overlap(): TreeError {
  return new TreeError('invalid-data', 'one key of an update is the same path as another, or above it');
}
