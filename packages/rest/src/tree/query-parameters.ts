import { BacksideError } from '@backside/protocol';
import { parseQuery, type Query } from '@backside/tree';
import type { TreeParameterName } from './tree-parameters.js';

const BOUNDS = ['startAt', 'startAfter', 'endAt', 'endBefore', 'equalTo'] as const;
const LIMITS = ['limitToFirst', 'limitToLast'] as const;

/** Finds a parameter by its name. */
type Text = (name: TreeParameterName) => string | null;

/**
 * The query that `orderBy` and the other parameters describe, null without any. `shallow` goes without `orderBy`: it is always in the
 * order of keys. Throws `invalid-query`.
 */
export function queryOf(text: Text, shallow: boolean): Query | null {
  const fields: Record<string, unknown> = {};
  for (const name of BOUNDS) {
    const value = text(name);
    if (value !== null) fields[name] = shallow ? keyOf(value) : parseBound(name, value);
  }
  for (const name of LIMITS) {
    const value = text(name);
    if (value !== null) fields[name] = parseLimit(name, value);
  }
  const orderBy = text('orderBy');
  const bounded = Object.keys(fields).length > 0;
  if (shallow && orderBy !== null) throw invalid('shallow cannot be combined with orderBy');
  if (shallow && fields.limitToLast !== undefined) throw invalid('shallow goes from the first key on: no limitToLast');
  if (orderBy === null && !bounded) return null;
  if (orderBy === null && !shallow) throw invalid('orderBy must be defined when other query parameters are defined');
  if (fields.limitToFirst !== undefined && fields.limitToLast !== undefined) {
    throw invalid('limitToFirst and limitToLast cannot be used together');
  }
  return parseQuery({ orderBy: orderBy === null ? '$key' : parseOrder(orderBy), ...fields });
}

function parseOrder(text: string): string {
  const order = json(text);
  if (typeof order !== 'string') throw invalid('orderBy must be a valid JSON encoded path');
  return order;
}

/** A value, or as some clients send it a value and a key: `3,"k"`. */
function parseBound(name: string, text: string): unknown {
  const pair = json(`[${text}]`);
  if (!Array.isArray(pair) || pair.length < 1 || pair.length > 2) throw invalid(`${name} must be valid JSON`);
  return pair.length === 1 ? pair[0] : pair;
}

/** A key as JSON, or just so. */
function keyOf(text: string): string {
  const key = json(text);
  return typeof key === 'string' ? key : text;
}

function parseLimit(name: string, text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw invalid(`${name} must be a positive integer`);
}

/** Undefined for what is no JSON. */
function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Every caller says in its own words what it wanted.
  }
}

function invalid(message: string): BacksideError {
  return new BacksideError('invalid-query', message);
}
