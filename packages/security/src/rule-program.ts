import type { Expression } from './ast.js';
import type { CheckedRule } from './checker.js';
import { compileRule } from './compiler.js';
import type { Frame, Run } from './frame.js';
import type { Rule, RuleKind } from './rule-node.js';
import type { StaticType } from './static-type.js';
import { TreeView } from './tree-view.js';

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where a rule stands in the rule tree and in the file. */
export interface RulePlace {
  readonly kind: RuleKind;
  readonly rulePath: string;
  readonly depth: number;
  readonly wildcards: ReadonlyMap<string, number>;
  readonly position: Position;
  positionOf(offset: number): Position;
}

/** A rule that can be evaluated. */
export class RuleProgram implements Rule {
  readonly kind: RuleKind;
  readonly rulePath: string;
  readonly depth: number;
  readonly source: string;
  readonly expression: Expression | null;
  readonly types: ReadonlyMap<Expression, StaticType>;
  readonly constant: boolean | null;
  readonly line: number;
  readonly column: number;
  /** Each `$name` and its place in the path. */
  readonly wildcards: ReadonlyMap<string, number>;
  /** True means yes; anything else, no. */
  readonly run: Run;
  readonly #place: RulePlace;
  readonly #compileWatched: () => Run;
  #watched: Run | undefined;

  private constructor(place: RulePlace, body: Body) {
    this.kind = place.kind;
    this.rulePath = place.rulePath;
    this.depth = place.depth;
    this.wildcards = place.wildcards;
    this.line = place.position.line;
    this.column = place.position.column;
    this.source = body.source;
    this.expression = body.expression;
    this.types = body.types;
    this.constant = body.constant;
    this.run = body.run;
    this.#place = place;
    this.#compileWatched = body.compileWatched;
  }

  static ofBoolean(place: RulePlace, value: boolean): RuleProgram {
    const run: Run = () => value;
    const body = { source: String(value), expression: null, types: new Map(), constant: value, run };
    return new RuleProgram(place, { ...body, compileWatched: () => run });
  }

  static ofExpression(
    place: RulePlace,
    source: string,
    parsed: { expression: Expression; checked: CheckedRule },
  ): RuleProgram {
    const { expression, checked } = parsed;
    const compile = (watched: boolean): Run =>
      compileRule(expression, checked, { depth: place.depth, wildcards: place.wildcards, watched });
    const run = compile(false);
    const constant = isConstant(checked) ? run(nothing()) === true : null;
    return new RuleProgram(place, {
      source,
      expression,
      types: checked.types,
      constant,
      run: constant === null ? run : () => constant,
      compileWatched: () => compile(true),
    });
  }

  /** The same program, which also reports to the frame's watcher. */
  get watched(): Run {
    this.#watched ??= this.#compileWatched();
    return this.#watched;
  }

  positionOf(offset: number): Position {
    return this.#place.positionOf(offset);
  }
}

interface Body {
  readonly source: string;
  readonly expression: Expression | null;
  readonly types: ReadonlyMap<Expression, StaticType>;
  readonly constant: boolean | null;
  readonly run: Run;
  readonly compileWatched: () => Run;
}

/** Without a variable, nothing can change. */
function isConstant({ types }: CheckedRule): boolean {
  for (const expression of types.keys()) if (expression.kind === 'variable') return false;
  return true;
}

function nothing(): Frame {
  const tree = { glance: () => null, children: () => [] };
  const view = new TreeView({ tree }, []);
  return {
    ...{ auth: null, now: 0, query: null, path: [], before: view, after: view, watcher: null },
    ...{ failure: null, regexWorkLeft: Number.POSITIVE_INFINITY, usedAuth: false, usedNow: false },
  };
}
