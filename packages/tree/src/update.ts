import { type Change, orderAsOneStep } from './change.js';
import { TreeError } from './error.js';
import { assertWriteSize, type FromJsonOptions, readJson } from './json.js';
import { DEFAULT_LIMITS } from './limits.js';
import { asPriority } from './node.js';
import { formatPath, isPriorityPath, type Path, parsePath } from './path.js';

/** `depth` is not an option: it follows from the paths. */
export type UpdateOptions = Omit<FromJsonOptions, 'depth'>;

/**
 * The changes of an update (merge) at `base`: `json` is an object whose keys are relative paths, as deep as wanted and possibly
 * ending in `.priority`, each of which is replaced by its value. An empty object changes nothing.
 * In the result, removals come after what is added, and priorities last, so that the whole acts as one step.
 *
 * Throws `invalid-path` for a bad key or a `base` that is a priority, `invalid-data` for a bad value or if one key is an ancestor of another (or the same path
 * spelt differently), `too-large` beyond a limit. Paths of server values are relative to `base`.
 */
export function parseUpdate(base: Path, json: unknown, options: UpdateOptions = {}): Change[] {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TreeError('invalid-data', 'an update is an object');
  }
  const { limits = DEFAULT_LIMITS, serverValues = null } = options;
  const changes: Change[] = [];
  let bytesAtMost = 0;
  for (const [key, value] of Object.entries(json)) {
    const relative = parsePath(key, limits);
    if (relative.length === 0 || isPriorityPath(base)) throw new TreeError('invalid-path', 'no path of a child');
    const path = base.concat(relative);
    const ofPriority = isPriorityPath(path);
    const depth = ofPriority ? path.length - 1 : path.length;
    const read = readJson(value, { limits, depth, serverValues, above: relative });
    bytesAtMost += read.bytesAtMost;
    changes.push({ path, value: ofPriority ? asPriority(read.node) : read.node });
  }
  assertWriteSize(
    changes.map(({ value }) => value),
    bytesAtMost,
    limits,
  );
  refuseOverlaps(changes);
  return orderAsOneStep(changes);
}

/** Throws if one change's path is another's, or an ancestor of it. In the order of their texts such paths are neighbours. */
function refuseOverlaps(changes: readonly Change[]): void {
  const texts = changes.map(({ path }) => `${formatPath(path)}/`).sort();
  if (texts.some((text, index) => index > 0 && text.startsWith(texts[index - 1] as string))) {
    throw new TreeError('invalid-data', 'one key of an update is at or above another');
  }
}
