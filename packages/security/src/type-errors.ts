import type { Call, Expression, Member } from './ast.js';
import { ExpressionError } from './expression-error.js';
import { FAMILIAR_NAMES, type Method, SNAPSHOT_METHODS } from './methods.js';
import { isFuzzy, type StaticType } from './static-type.js';

export function assertCount({ name, nameStart, args }: Call, count: number): void {
  if (args.length === count) return;
  const wanted = count === 0 ? 'no argument' : count === 1 ? 'one argument' : `${count} arguments`;
  throw new ExpressionError('arguments', `${name}() takes ${wanted}`, { offset: args[count]?.start ?? nameStart });
}

export function notBoolean(expression: Expression, type: StaticType, role: string): ExpressionError {
  const hint =
    type === 'snapshot'
      ? 'add .exists()'
      : isFuzzy(type)
        ? 'compare it: x == true, or x != null'
        : 'compare it with ==';
  return new ExpressionError('type', `${role} must be a boolean, not ${describe(type)}`, {
    offset: expression.start,
    hint,
  });
}

function describe(type: StaticType): string {
  return isFuzzy(type) ? 'a value of unknown type' : type === 'null' ? 'null' : `a ${type}`;
}

export function misplaced({ start }: Expression, message: string): ExpressionError {
  return new ExpressionError('type', message, { offset: start });
}

export function unknownVariable(name: string, offset: number, hint: string): ExpressionError {
  return new ExpressionError('unknown-variable', `there is no variable ${name}`, { offset, hint });
}

export function unknownMember({ nameStart }: Member | Call, message: string, known: string): ExpressionError {
  return new ExpressionError('unknown-member', message, { offset: nameStart, hint: `there is ${known}` });
}

export function unknownMethod(call: Call, type: StaticType, methods: ReadonlyMap<string, Method>): ExpressionError {
  const familiar = FAMILIAR_NAMES.get(call.name);
  return unknownMember(
    call,
    `${describe(type)} has no method ${call.name}()`,
    familiar ?? [...methods.keys()].join(', '),
  );
}

export function wrongMember(member: Member, type: StaticType): ExpressionError {
  const { name, nameStart } = member;
  if (type === 'snapshot') {
    const hint = SNAPSHOT_METHODS.has(name) ? `write ${name}()` : `write child('${name}').val() for the data`;
    return new ExpressionError('unknown-member', `a snapshot has no property ${name}`, { offset: nameStart, hint });
  }
  if (type === 'primitive') {
    const hint = `put child('${name}') before val()`;
    return new ExpressionError('unknown-member', `what val() gives has no property ${name}`, {
      offset: nameStart,
      hint,
    });
  }
  const message = `${describe(type)} has no property ${name}`;
  return new ExpressionError('unknown-member', message, { offset: nameStart, ...hintFor(type) });
}

export function hintFor(type: StaticType): { hint?: string } {
  switch (type) {
    case 'snapshot':
      return { hint: 'take its value with .val(), or ask .exists()' };
    case 'null':
      return { hint: 'null has no order and no sum; compare with == or !=' };
    case 'query':
      return { hint: 'name one of its properties, such as query.limitToFirst' };
    default:
      return {};
  }
}
