import type { Json } from '@backside/tree';
import { toBool, toList, toNumber, toText } from '../http/coercion.js';
import { type ColumnType, isNumeric } from './column.js';

/** A parameter as a column of this type holds it; null if it is no such value. */
export function coerce(type: ColumnType, value: Json): Json {
  if (value === null) return null;
  if (isNumeric(type)) return coerceNumber(type, value);
  switch (type) {
    case 'bool':
      return toBool(value);
    case 'list':
      return toList(value);
    case 'json':
      return parsed(value);
    default:
      return toText(value);
  }
}

/** A finite number, or null. */
export function coerceNumber(type: ColumnType, value: Json): number | null {
  const number = toNumber(value, Number.NaN);
  if (!Number.isFinite(number)) return null;
  return type === 'real' ? number : Math.trunc(number);
}

function parsed(value: Json): Json {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as Json;
  } catch {
    // Text that is no JSON is the text itself.
    return value;
  }
}
