import type { Expression, Literal, Variable } from './ast.js';
import type { CheckedRule } from './checker.js';
import type { Compilation } from './compilation.js';
import { compileClaim, compileIndex, compileMember, readAuth } from './compile-auth.js';
import {
  compileArithmetic,
  compileComparison,
  compileEquality,
  compileNegation,
  compileSum,
} from './compile-binary.js';
import { compileLogical, compileNot, compileTernary } from './compile-logic.js';
import { compileQueryProperty } from './compile-query.js';
import { compileSnapshotCall } from './compile-snapshot.js';
import { compileLength, compileStringCall } from './compile-string.js';
import type { Frame, Run, Watcher } from './frame.js';

export interface CompileOptions {
  readonly depth: number;
  readonly wildcards: ReadonlyMap<string, number>;
  readonly watched: boolean;
}

/** The closure that evaluates a checked rule; with `watched` it also tells the frame's watcher every value on the way. */
export function compileRule(expression: Expression, checked: CheckedRule, options: CompileOptions): Run {
  const compilation: Compilation = {
    types: checked.types,
    regexes: checked.regexes,
    ...options,
    compile: (part) =>
      options.watched ? watched(part, compilePart(compilation, part)) : compilePart(compilation, part),
    slotOf: (part) => (part.kind === 'variable' ? (options.wildcards.get(part.name) ?? null) : null),
  };
  return compilation.compile(expression);
}

function watched(expression: Expression, run: Run): Run {
  if (expression.kind === 'literal') return run;
  return (frame) => {
    const value = run(frame);
    (frame.watcher as Watcher).value(expression, value);
    return value;
  };
}

function compilePart(compilation: Compilation, expression: Expression): Run {
  switch (expression.kind) {
    case 'literal':
      return compileLiteral(expression);
    case 'variable':
      return compileVariable(compilation, expression);
    case 'unary':
      return expression.operator === '!'
        ? compileNot(compilation.compile(expression.operand))
        : compileNegation(compilation.compile(expression.operand));
    case 'binary':
      return compileBinary(compilation, expression);
    case 'logical':
      return compileLogical(expression.operator, expression.operands.map(compilation.compile));
    case 'ternary':
      return compileTernary(
        compilation.compile(expression.test),
        compilation.compile(expression.whenTrue),
        compilation.compile(expression.whenFalse),
      );
    case 'member':
      if (compilation.types.get(expression.object) === 'query') return compileQueryProperty(expression.name);
      if (expression.name === 'length') return compileLength(compilation.compile(expression.object));
      if (isAuth(expression.object) && !compilation.watched) return compileClaim(expression.name);
      return compileMember(compilation.compile(expression.object), expression.name);
    case 'index':
      return compileIndex(compilation.compile(expression.object), compilation.compile(expression.index));
    case 'call':
      if (compilation.types.get(expression.object) === 'snapshot') return compileSnapshotCall(compilation, expression);
      return compileStringCall(compilation, expression);
    case 'regex':
    case 'array':
      throw new Error(`a ${expression.kind} is compiled with the call that it belongs to`);
  }
}

function compileLiteral({ value }: Literal): Run {
  return () => value;
}

function compileVariable(compilation: Compilation, expression: Variable): Run {
  const slot = compilation.slotOf(expression);
  if (slot !== null) return (frame) => frame.path[slot] as string;
  return expression.name === 'now' ? readNow : readAuth;
}

function readNow(frame: Frame): number {
  frame.usedNow = true;
  return frame.now;
}

function isAuth(expression: Expression): boolean {
  return expression.kind === 'variable' && expression.name === 'auth';
}

function compileBinary(compilation: Compilation, expression: Expression & { readonly kind: 'binary' }): Run {
  const { operator } = expression;
  const left = compilation.compile(expression.left);
  const right = compilation.compile(expression.right);
  switch (operator) {
    case '==':
    case '!=':
      return compileEquality(operator, { left, right, literal: expression.right });
    case '<':
    case '<=':
    case '>':
    case '>=':
      return compileComparison(operator, left, right);
    case '+':
      return compileSum(left, right);
    default:
      return compileArithmetic(operator, left, right);
  }
}
