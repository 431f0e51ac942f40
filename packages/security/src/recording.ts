import { formatPath } from '@backside/tree';
import type { Expression } from './ast.js';
import { outcomeOf, type Recorder } from './evaluation.js';
import type { RuleStep, SubValue } from './explanation.js';
import type { Frame } from './frame.js';
import type { Observer } from './observer.js';
import type { RuleProgram } from './rule-program.js';
import { ERROR, INNER, type Value } from './value.js';

/** From this many steps on only rules that say no are kept: a large write may pass many thousands. */
const MAX_STEPS = 500;
/** Of one step. */
const MAX_VALUES = 500;
const MAX_VALUE_LENGTH = 200;
const MAX_TEXT_LENGTH = 500;

/** Something that was met: a value, or the path that a snapshot stands for. */
interface Met {
  readonly expression: Expression;
  readonly value: Value;
  readonly path: readonly string[] | null;
}

/**
 * Writes down what rules did, as the steps of an explanation. Every refusal is explained and few explanations are read, so that
 * the texts of values are made when somebody asks for them.
 */
export class StepRecorder implements Recorder {
  readonly steps: RuleStep[] = [];
  #whole: Expression | null = null;
  #met: Met[] = [];

  begin(rule: RuleProgram): void {
    this.#whole = rule.expression;
    this.#met = [];
  }

  value(expression: Expression, value: Value): void {
    if (expression === this.#whole || this.#met.length >= MAX_VALUES) return;
    const kept =
      typeof value === 'string' && value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;
    this.#met.push({ expression, value: kept, path: null });
  }

  place(expression: Expression, path: readonly string[]): void {
    if (this.#met.length < MAX_VALUES) this.#met.push({ expression, value: null, path });
  }

  end(rule: RuleProgram, frame: Frame, value: Value): void {
    if (this.steps.length >= MAX_STEPS && value === true) return;
    const { kind, rulePath, line, column, source } = rule;
    const met = this.#met;
    let values: SubValue[] | undefined;
    this.steps.push({
      kind,
      rulePath,
      location: formatPath(frame.path.slice(0, rule.depth)),
      line,
      column,
      source,
      outcome: value === ERROR ? 'error' : value === true ? 'true' : 'false',
      error: value === ERROR ? frame.failure : null,
      bindings: bindingsOf(rule, frame.path),
      get values() {
        values ??= met.map((each) => subValue(source, each));
        return values;
      },
    });
  }
}

function subValue(source: string, { expression, value, path }: Met): SubValue {
  return {
    text: shortened(source.slice(expression.start, expression.end), MAX_TEXT_LENGTH),
    offset: expression.start,
    value: path === null ? formatValue(value) : shortened(`→ ${formatPath(path)}`, MAX_VALUE_LENGTH),
  };
}

/** What each `$name` of the rule stands for. */
function bindingsOf({ wildcards }: RuleProgram, path: readonly string[]): Record<string, string> {
  const bindings: Record<string, string> = {};
  for (const [name, slot] of wildcards) bindings[name] = path[slot] as string;
  return bindings;
}

/** Tells an observer the outcome of every rule and of its parts. */
export class ObserverRecorder implements Recorder {
  readonly #observer: Observer;
  #rule: RuleProgram | null = null;

  constructor(observer: Observer) {
    this.#observer = observer;
  }

  begin(rule: RuleProgram): void {
    this.#rule = rule;
  }

  value(expression: Expression, value: Value): void {
    if (this.#rule !== null) this.#observer.evaluated(this.#rule, expression, outcomeOf(value));
  }

  place(): void {}

  end(rule: RuleProgram, _frame: Frame, value: Value): void {
    if (rule.expression === null) this.#observer.evaluated(rule, null, outcomeOf(value));
  }
}

/** Tells both. */
export function both(first: Recorder, second: Recorder): Recorder {
  return {
    begin(rule, frame) {
      first.begin(rule, frame);
      second.begin(rule, frame);
    },
    value(expression, value) {
      first.value(expression, value);
      second.value(expression, value);
    },
    place(expression, path) {
      first.place(expression, path);
      second.place(expression, path);
    },
    end(rule, frame, value) {
      first.end(rule, frame, value);
      second.end(rule, frame, value);
    },
  };
}

function formatValue(value: Value): string {
  if (value === ERROR) return '(error)';
  if (value === INNER) return '(node with children)';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return shortened(JSON.stringify(value), MAX_VALUE_LENGTH);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
