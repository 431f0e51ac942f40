import type { StaticType } from './static-type.js';

/** What a method takes: strings, one array of strings or none at all, or one regular expression. */
export interface Method {
  readonly takes: 'nothing' | 'string' | 'two strings' | 'optional array' | 'regex';
  readonly gives: StaticType;
}

function methods(entries: Record<string, [Method['takes'], StaticType]>): ReadonlyMap<string, Method> {
  return new Map(Object.entries(entries).map(([name, [takes, gives]]) => [name, { takes, gives }]));
}

export const SNAPSHOT_METHODS: ReadonlyMap<string, Method> = methods({
  val: ['nothing', 'primitive'],
  exists: ['nothing', 'boolean'],
  child: ['string', 'snapshot'],
  parent: ['nothing', 'snapshot'],
  hasChild: ['string', 'boolean'],
  hasChildren: ['optional array', 'boolean'],
  getPriority: ['nothing', 'primitive'],
  isString: ['nothing', 'boolean'],
  isNumber: ['nothing', 'boolean'],
  isBoolean: ['nothing', 'boolean'],
});

export const STRING_METHODS: ReadonlyMap<string, Method> = methods({
  contains: ['string', 'boolean'],
  beginsWith: ['string', 'boolean'],
  endsWith: ['string', 'boolean'],
  replace: ['two strings', 'string'],
  toLowerCase: ['nothing', 'string'],
  toUpperCase: ['nothing', 'string'],
  matches: ['regex', 'boolean'],
});

/** The properties of `query`. */
export const QUERY_PROPERTIES: ReadonlyMap<string, StaticType> = new Map<string, StaticType>([
  ['orderByKey', 'boolean'],
  ['orderByPriority', 'boolean'],
  ['orderByValue', 'boolean'],
  ['orderByChild', 'primitive'],
  ['startAt', 'primitive'],
  ['endAt', 'primitive'],
  ['equalTo', 'primitive'],
  ['limitToFirst', 'primitive'],
  ['limitToLast', 'primitive'],
]);

/** Names that people write out of habit, and what this language has in their place. */
export const FAMILIAR_NAMES: ReadonlyMap<string, string> = new Map([
  ['startsWith', 'beginsWith'],
  ['includes', 'contains'],
  ['indexOf', 'contains'],
  ['match', 'matches'],
  ['test', 'matches'],
  ['replaceAll', 'replace'],
  ['value', 'val()'],
  ['key', 'a $name in the rule path'],
  ['size', 'length'],
  ['numChildren', 'hasChildren()'],
  ['hasOwnProperty', 'hasChild'],
  ['priority', 'getPriority()'],
]);
