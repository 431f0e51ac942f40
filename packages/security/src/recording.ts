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

/** Writes down what rules did, as the steps of an explanation. */
export class StepRecorder implements Recorder {
  readonly steps: RuleStep[] = [];
  #source = '';
  #whole: Expression | null = null;
  #values: SubValue[] = [];

  begin(rule: RuleProgram): void {
    this.#source = rule.source;
    this.#whole = rule.expression;
    this.#values = [];
  }

  value(expression: Expression, value: Value): void {
    if (expression !== this.#whole) this.#add(expression, () => formatValue(value));
  }

  place(expression: Expression, path: readonly string[]): void {
    this.#add(expression, () => shortened(`→ ${formatPath(path)}`, MAX_VALUE_LENGTH));
  }

  end(rule: RuleProgram, frame: Frame, value: Value): void {
    if (this.steps.length >= MAX_STEPS && value === true) return;
    const { kind, rulePath, line, column, source } = rule;
    this.steps.push({
      ...{ kind, rulePath, line, column, source },
      location: formatPath(frame.path.slice(0, rule.depth)),
      outcome: value === ERROR ? 'error' : value === true ? 'true' : 'false',
      error: value === ERROR ? frame.failure : null,
      bindings: Object.fromEntries(Array.from(rule.wildcards, ([name, slot]) => [name, frame.path[slot] as string])),
      values: this.#values,
    });
  }

  #add({ start, end }: Expression, format: () => string): void {
    if (this.#values.length >= MAX_VALUES) return;
    const text = shortened(this.#source.slice(start, end), MAX_TEXT_LENGTH);
    this.#values.push({ text, offset: start, value: format() });
  }
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
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string')
    return shortened(JSON.stringify(value.slice(0, MAX_VALUE_LENGTH + 1)), MAX_VALUE_LENGTH);
  return shortened(JSON.stringify(value), MAX_VALUE_LENGTH);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
