import type { Binary, Call, Expression, Index, Member, RegexLiteral, Ternary, Variable } from './ast.js';
import { ExpressionError } from './expression-error.js';
import { type Method, QUERY_PROPERTIES, SNAPSHOT_METHODS, STRING_METHODS } from './methods.js';
import { compileRegex, type LinearRegex } from './regex/compile-regex.js';
import { RegexSyntaxError } from './regex/regex-syntax.js';
import { isFuzzy, type StaticType } from './static-type.js';
import {
  assertCount,
  hintFor,
  misplaced,
  notBoolean,
  unknownMember,
  unknownMethod,
  unknownVariable,
  wrongMember,
} from './type-errors.js';

/** What an expression may name. */
export interface Scope {
  /** The wildcards bound at or above the rule, with their dollar signs. */
  readonly wildcards: { has(name: string): boolean };
  readonly newData: boolean;
}

export interface CheckedRule {
  readonly types: ReadonlyMap<Expression, StaticType>;
  readonly regexes: ReadonlyMap<Expression, LinearRegex>;
}

/**
 * The types of all sub-expressions of a rule and its regular expressions. Throws `ExpressionError` unless all that can be known
 * of the types before evaluation is right and the whole is a boolean.
 */
export function checkRule(expression: Expression, scope: Scope): CheckedRule {
  const checker = new Checker(scope);
  const type = checker.check(expression);
  if (type !== 'boolean') throw notBoolean(expression, type, 'the rule');
  return checker;
}

const VARIABLES: ReadonlyMap<string, StaticType> = new Map<string, StaticType>([
  ['auth', 'any'],
  ['now', 'number'],
  ['root', 'snapshot'],
  ['data', 'snapshot'],
  ['newData', 'snapshot'],
  ['query', 'query'],
]);

const SIMPLE: ReadonlySet<StaticType> = new Set(['string', 'number', 'boolean', 'null', 'any', 'primitive']);
const ORDERED: ReadonlySet<StaticType> = new Set(['string', 'number', 'any', 'primitive']);
const NUMERIC: ReadonlySet<StaticType> = new Set(['number', 'any', 'primitive']);
const TEXTUAL: ReadonlySet<StaticType> = new Set(['string', 'any', 'primitive']);

class Checker implements CheckedRule {
  readonly types: Map<Expression, StaticType> = new Map();
  readonly regexes: Map<Expression, LinearRegex> = new Map();
  readonly #scope: Scope;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  check(expression: Expression): StaticType {
    const type = this.#typeOf(expression);
    this.types.set(expression, type);
    return type;
  }

  #typeOf(expression: Expression): StaticType {
    switch (expression.kind) {
      case 'literal':
        return expression.value === null ? 'null' : (typeof expression.value as 'boolean' | 'number' | 'string');
      case 'regex':
        throw misplaced(expression, 'a regular expression can only be the argument of matches()');
      case 'array':
        throw misplaced(expression, 'a list in brackets can only be the argument of hasChildren()');
      case 'variable':
        return this.#variable(expression);
      case 'unary':
        return this.#unary(expression.operator, expression.operand);
      case 'binary':
        return this.#binary(expression);
      case 'logical':
        for (const operand of expression.operands) this.#boolean(operand, `an operand of ${expression.operator}`);
        return 'boolean';
      case 'ternary':
        return this.#ternary(expression);
      case 'member':
        return this.#member(expression);
      case 'index':
        return this.#index(expression);
      case 'call':
        return this.#call(expression);
    }
  }

  #variable({ name, start }: Variable): StaticType {
    if (name.startsWith('$')) {
      if (this.#scope.wildcards.has(name)) return 'string';
      throw unknownVariable(name, start, 'only a $name of this rule or of one above it can be used');
    }
    if (name === 'newData' && !this.#scope.newData) {
      throw unknownVariable(name, start, 'a .read rule has no newData: use data');
    }
    const type = VARIABLES.get(name);
    if (type !== undefined) return type;
    throw unknownVariable(name, start, name === 'undefined' ? 'write null' : 'put quotes around text');
  }

  #unary(operator: '!' | '-', operand: Expression): StaticType {
    if (operator === '!') {
      this.#boolean(operand, 'the operand of !');
      return 'boolean';
    }
    this.#operand(operand, '-', NUMERIC);
    return 'number';
  }

  #binary(binary: Binary): StaticType {
    const { operator, left, right } = binary;
    switch (operator) {
      case '==':
      case '!=':
        this.#operand(left, operator, SIMPLE);
        this.#operand(right, operator, SIMPLE);
        return 'boolean';
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.#comparison(binary);
      case '+':
        return sumType(this.#operand(left, '+', ORDERED), this.#operand(right, '+', ORDERED));
      default:
        this.#operand(left, operator, NUMERIC);
        this.#operand(right, operator, NUMERIC);
        return 'number';
    }
  }

  #comparison({ operator, left, right, start }: Binary): StaticType {
    const a = this.#operand(left, operator, ORDERED);
    const b = this.#operand(right, operator, ORDERED);
    if (a === b || isFuzzy(a) || isFuzzy(b)) return 'boolean';
    throw new ExpressionError('type', `a ${a} cannot be compared with a ${b}`, { offset: start });
  }

  #ternary({ test, whenTrue, whenFalse }: Ternary): StaticType {
    this.#boolean(test, 'what stands before ?');
    const a = this.#operand(whenTrue, '?:', SIMPLE);
    const b = this.#operand(whenFalse, '?:', SIMPLE);
    if (a === b) return a;
    return a === 'any' || b === 'any' ? 'any' : 'primitive';
  }

  #member(member: Member): StaticType {
    const { object, name } = member;
    const type = this.check(object);
    if (type === 'query') {
      const property = QUERY_PROPERTIES.get(name);
      if (property !== undefined) return property;
      throw unknownMember(member, 'query has no such property', [...QUERY_PROPERTIES.keys()].join(', '));
    }
    if (name === 'length' && TEXTUAL.has(type)) return 'number';
    if (type === 'any') return 'any';
    throw wrongMember(member, type);
  }

  #index({ object, index, start }: Index): StaticType {
    const type = this.check(object);
    const key = this.check(index);
    if (type !== 'any') {
      const message = type === 'snapshot' ? 'a snapshot has no subscripts' : `a ${type} has no subscripts`;
      throw new ExpressionError('type', message, { offset: start, ...hintFor(type) });
    }
    if (ORDERED.has(key)) return 'any';
    throw new ExpressionError('type', `a ${key} cannot be a subscript`, { offset: index.start });
  }

  #call(call: Call): StaticType {
    const type = this.check(call.object);
    const methods = type === 'snapshot' ? SNAPSHOT_METHODS : TEXTUAL.has(type) ? STRING_METHODS : null;
    if (methods === null) {
      throw new ExpressionError('type', `a ${type} has no methods`, { offset: call.nameStart });
    }
    const method = methods.get(call.name);
    if (method === undefined) throw unknownMethod(call, type, methods);
    this.#arguments(call, method);
    return method.gives;
  }

  #arguments(call: Call, method: Method): void {
    const { args } = call;
    switch (method.takes) {
      case 'nothing':
        assertCount(call, 0);
        return;
      case 'string':
      case 'two strings':
        assertCount(call, method.takes === 'string' ? 1 : 2);
        for (const argument of args) this.#operand(argument, `${call.name}()`, TEXTUAL);
        return;
      case 'optional array':
        if (args.length > 0) this.#array(call);
        return;
      case 'regex':
        assertCount(call, 1);
        this.#regex(args[0] as Expression);
        return;
    }
  }

  #array(call: Call): void {
    assertCount(call, 1);
    const list = call.args[0] as Expression;
    if (list.kind !== 'array') {
      throw new ExpressionError('type', 'hasChildren() takes a list in brackets', {
        offset: list.start,
        hint: "write hasChildren(['a', 'b']), or hasChild('a') for one",
      });
    }
    if (list.elements.length === 0) {
      throw new ExpressionError('arguments', 'the list is empty', { offset: list.start, hint: 'write hasChildren()' });
    }
    for (const element of list.elements) this.#operand(element, 'hasChildren()', TEXTUAL);
    this.types.set(list, 'array');
  }

  #regex(argument: Expression): void {
    if (argument.kind !== 'regex') {
      throw new ExpressionError('type', 'matches() takes a regular expression between slashes', {
        offset: argument.start,
        hint: 'write matches(/^[a-z]+$/) without quotes',
      });
    }
    this.regexes.set(argument, compileLiteral(argument));
    this.types.set(argument, 'regex');
  }

  #boolean(expression: Expression, role: string): void {
    const type = this.check(expression);
    if (type !== 'boolean') throw notBoolean(expression, type, role);
  }

  #operand(expression: Expression, operator: string, allowed: ReadonlySet<StaticType>): StaticType {
    const type = this.check(expression);
    if (allowed.has(type)) return type;
    throw new ExpressionError('type', `a ${type} cannot be used with ${operator}`, {
      offset: expression.start,
      ...hintFor(type),
    });
  }
}

function sumType(a: StaticType, b: StaticType): StaticType {
  if (a === 'string' || b === 'string') return 'string';
  return a === 'number' && b === 'number' ? 'number' : 'primitive';
}

function compileLiteral({ body, flags, start }: RegexLiteral): LinearRegex {
  try {
    return compileRegex(body, flags);
  } catch (error) {
    if (!(error instanceof RegexSyntaxError)) throw error;
    throw new ExpressionError('regex', error.message, { offset: start + 1 + error.offset });
  }
}
