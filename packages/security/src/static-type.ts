/**
 * What is known of an expression's value when the rules are loaded. `any` is `auth` or something below it; `primitive` is what
 * `val()` and `getPriority()` give, and mixed ternaries. These two are fuzzy: most of their checks wait until they are evaluated.
 */
export type StaticType =
  | 'boolean'
  | 'number'
  | 'string'
  | 'null'
  | 'any'
  | 'primitive'
  | 'snapshot'
  | 'query'
  | 'regex'
  | 'array';

export function isFuzzy(type: StaticType): boolean {
  return type === 'any' || type === 'primitive';
}
