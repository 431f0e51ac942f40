import { formatPath } from '@backside/tree';
import type { CompiledNode } from './compiled-node.js';
import type { Recorder } from './evaluation.js';
import type { Explanation } from './explanation.js';
import { collectIndexes } from './index-on.js';
import type { Observer } from './observer.js';
import { decideRead, decideReadWithBasis, recordRead } from './read.js';
import { both, ObserverRecorder, StepRecorder } from './recording.js';
import type { ReadCheck, ReadDecision, RuleIndex, Rules, WriteCheck } from './rules.js';
import { parseRulesFile } from './rules-file.js';
import { buildRulesTree } from './rules-tree.js';
import { decideWrite } from './write.js';

const MAX_NAMED_PATHS = 20;

/** Loads the text of a rules file. Throws `RulesError` with everything that is wrong; nothing else, whatever the text. */
export function compileRules(source: string): Rules {
  return new CompiledRules(source, buildRulesTree(parseRulesFile(source)));
}

class CompiledRules implements Rules {
  readonly source: string;
  readonly root: CompiledNode;
  readonly indexes: readonly RuleIndex[];
  #observer: Observer | null = null;

  constructor(source: string, root: CompiledNode) {
    this.source = source;
    this.root = root;
    this.indexes = collectIndexes(root);
  }

  read(check: ReadCheck): boolean {
    if (this.#observer !== null) return recordRead(this.root, check, new ObserverRecorder(this.#observer));
    return decideRead(this.root, check);
  }

  readWithBasis(check: ReadCheck): ReadDecision {
    if (this.#observer !== null) recordRead(this.root, check, new ObserverRecorder(this.#observer));
    return decideReadWithBasis(this.root, check);
  }

  write(check: WriteCheck): boolean {
    return decideWrite(this.root, check, this.#observer && new ObserverRecorder(this.#observer));
  }

  explainRead(check: ReadCheck): Explanation {
    const steps = new StepRecorder();
    const allowed = recordRead(this.root, check, this.#watchedBy(steps));
    return { allowed, operation: 'read', path: formatPath(check.path), steps: steps.steps };
  }

  explainWrite(check: WriteCheck): Explanation {
    const steps = new StepRecorder();
    const allowed = decideWrite(this.root, check, this.#watchedBy(steps));
    return { allowed, operation: 'write', path: formatPaths(check), steps: steps.steps };
  }

  observe(observer: Observer | null): void {
    this.#observer = observer;
  }

  #watchedBy(steps: StepRecorder): Recorder {
    return this.#observer === null ? steps : both(steps, new ObserverRecorder(this.#observer));
  }
}

/** Of a long update only the first paths are named. */
function formatPaths({ changes }: WriteCheck): string {
  const named = changes.slice(0, MAX_NAMED_PATHS).map(({ path }) => formatPath(path));
  const more = changes.length - named.length;
  return more === 0 ? named.join(' ') : `${named.join(' ')} and ${more} more`;
}
