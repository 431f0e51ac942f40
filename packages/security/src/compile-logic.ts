import type { Logical } from './ast.js';
import type { Run } from './frame.js';
import { ERROR } from './value.js';

/** Operands are booleans or errors. The first that decides ends the evaluation; an error decides. */
export function compileLogical(operator: Logical['operator'], operands: readonly Run[]): Run {
  const goOn = operator === '&&';
  if (operands.length === 2) return compilePair(goOn, operands[0] as Run, operands[1] as Run);
  return (frame) => {
    for (const operand of operands) {
      const value = operand(frame);
      if (value !== goOn) return value;
    }
    return goOn;
  };
}

function compilePair(goOn: boolean, left: Run, right: Run): Run {
  return (frame) => {
    const value = left(frame);
    return value === goOn ? right(frame) : value;
  };
}

export function compileNot(operand: Run): Run {
  return (frame) => {
    const value = operand(frame);
    return value === ERROR ? ERROR : value === false;
  };
}

export function compileTernary(test: Run, whenTrue: Run, whenFalse: Run): Run {
  return (frame) => {
    const value = test(frame);
    if (value === ERROR) return ERROR;
    return value === true ? whenTrue(frame) : whenFalse(frame);
  };
}
