/** How a setting is written in the original's files, and what it means here. */
export interface Setting<Value> {
  /** The original's name, e.g. `api-signature-age`. */
  readonly name: string;
  readonly kind: 'number' | 'flag' | 'text' | 'list';
  readonly fallback: Value;
  /** Of numbers: the smallest and the largest. */
  readonly range?: readonly [number, number];
  /** Never shown. */
  readonly secret?: true;
  readonly description: string;
}

type Extra = { readonly secret?: true };

export function number(
  name: string,
  fallback: number,
  range: readonly [number, number],
  description: string,
): Setting<number> {
  return { name, kind: 'number', fallback, range, description };
}

export function flag(name: string, fallback: boolean, description: string): Setting<boolean> {
  return { name, kind: 'flag', fallback, description };
}

export function text(name: string, fallback: string, description: string, extra: Extra = {}): Setting<string> {
  return { name, kind: 'text', fallback, description, ...extra };
}

export function list(name: string, fallback: readonly string[], description: string): Setting<readonly string[]> {
  return { name, kind: 'list', fallback, description };
}
