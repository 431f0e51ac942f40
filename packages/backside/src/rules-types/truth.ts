import type { Expression } from '@backside/security';
import { baseOf, both, either, type Facts, type LeafTypes, NO_FACTS, requiredFact, typeFact } from './facts.js';
import { placeOf, typesOf, valuePlaceOf } from './operand.js';

type Binary = Extract<Expression, { kind: 'binary' }>;
type Call = Extract<Expression, { kind: 'call' }>;

const TYPE_TESTS: ReadonlyMap<string, string> = new Map([
  ['isString', 'string'],
  ['isNumber', 'number'],
  ['isBoolean', 'boolean'],
]);
const STRING_METHODS: ReadonlySet<string> = new Set([
  'matches',
  'contains',
  'beginsWith',
  'endsWith',
  'replace',
  'toLowerCase',
  'toUpperCase',
]);
const ORDERED: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);
const NUMERIC: ReadonlySet<string> = new Set(['-', '*', '/', '%']);
const STRING: LeafTypes = new Set(['string']);
const NUMBER: LeafTypes = new Set(['number']);

/** What is known of `newData` once an expression has come out true; null if it cannot. */
export function factsOfTruth(expression: Expression): Facts | null {
  switch (expression.kind) {
    case 'literal':
      return expression.value === false ? null : NO_FACTS;
    case 'logical':
      return expression.operands.map(factsOfTruth).reduce(expression.operator === '&&' ? both : either);
    case 'ternary': {
      const whenTrue = both(factsOfTruth(expression.test), factsOfTruth(expression.whenTrue));
      return either(whenTrue, factsOfTruth(expression.whenFalse));
    }
    case 'binary':
      return both(factsOfComparison(expression), factsOfUse(expression));
    case 'call':
      return both(factsOfCall(expression), factsOfUse(expression));
    default:
      return factsOfUse(expression);
  }
}

function factsOfComparison({ operator, left, right }: Binary): Facts | null {
  return both(factsOfSide(operator, left, right), factsOfSide(operator, right, left));
}

function factsOfSide(operator: Binary['operator'], side: Expression, other: Expression): Facts {
  const place = valuePlaceOf(side);
  if (place === null) return NO_FACTS;
  const isNull = other.kind === 'literal' && other.value === null;
  if (operator === '!=') return isNull ? requiredFact(place) : NO_FACTS;
  const types = typesOf(other, place);
  if (types === null) return NO_FACTS;
  if (operator === '==') return typeFact(place, types);
  return ORDERED.has(operator) ? typeFact(place, new Set(Array.from(types, baseOf))) : NO_FACTS;
}

function factsOfCall({ object, name, args }: Call): Facts {
  if (name === 'matches') return factsOfMatch(object, args[0]);
  const place = placeOf(object, 'newData');
  if (place === null) return NO_FACTS;
  const type = TYPE_TESTS.get(name);
  if (type !== undefined) return typeFact(place, new Set([type]));
  if (name === 'exists') return requiredFact(place);
  if (name === 'hasChild' || name === 'hasChildren') return factsOfChildren(place, args[0]);
  return NO_FACTS;
}

function factsOfChildren(place: string, argument: Expression | undefined): Facts {
  const names = argument?.kind === 'array' ? argument.elements : argument === undefined ? [] : [argument];
  const required = new Map(requiredFact(place));
  for (const name of names) {
    if (name.kind !== 'literal' || typeof name.value !== 'string') continue;
    const path = [place, ...name.value.split('/')].filter((key) => key !== '').join('/');
    required.set(path, { types: null, required: true });
  }
  return required;
}

/** `/^(on|off)$/` allows two texts. */
function factsOfMatch(text: Expression, pattern: Expression | undefined): Facts {
  const place = valuePlaceOf(text);
  if (place === null || pattern?.kind !== 'regex' || pattern.flags !== '') return NO_FACTS;
  const words = /^\^\(([\w|-]+)\)\$$/.exec(pattern.body)?.[1]?.split('|') ?? [];
  return words.length === 0 ? NO_FACTS : typeFact(place, new Set(words.map((word) => JSON.stringify(word))));
}

/** What an expression needs to come out at all: an operation on a value of another type is an error, which denies. */
function factsOfUse(expression: Expression): Facts | null {
  switch (expression.kind) {
    case 'unary':
      return factsOfUse(expression.operand);
    case 'member':
      return both(
        expression.name === 'length' ? mustBe(expression.object, STRING) : NO_FACTS,
        factsOfUse(expression.object),
      );
    case 'call':
      return both(
        STRING_METHODS.has(expression.name) ? mustBe(expression.object, STRING) : NO_FACTS,
        factsOfUse(expression.object),
      );
    case 'binary':
      return [expression.left, expression.right]
        .map((side) => both(NUMERIC.has(expression.operator) ? mustBe(side, NUMBER) : NO_FACTS, factsOfUse(side)))
        .reduce(both);
    default:
      return NO_FACTS;
  }
}

function mustBe(expression: Expression, types: LeafTypes): Facts {
  const place = valuePlaceOf(expression);
  return place === null ? NO_FACTS : typeFact(place, types);
}
