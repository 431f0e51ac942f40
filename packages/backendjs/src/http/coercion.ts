const FALSE_WORDS = /^(?:false|off|nil|null|no|f|n)/i;
const LIST_SEPARATOR = /[,|]/;

/** A parameter as yes or no: empty, `0`, and what begins with false, off, nil, null, no, f or n is no. */
export function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  if (value === null || value === undefined) return false;
  if (typeof value !== 'string') return true;
  const text = value.trim();
  return text !== '' && text !== '0' && !FALSE_WORDS.test(text);
}

/** A parameter as a number: what begins with `t` is 1, with `f` 0, with `infinity` infinite; `otherwise` if there is none in it. */
export function toNumber(value: unknown, otherwise = 0): number {
  if (typeof value === 'number') return Number.isNaN(value) ? otherwise : value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return otherwise;
  const text = value.trim().toLowerCase();
  if (text.startsWith('infinity')) return Number.POSITIVE_INFINITY;
  if (text.startsWith('t')) return 1;
  if (text.startsWith('f')) return 0;
  const number = Number.parseFloat(text);
  return Number.isNaN(number) ? otherwise : number;
}

/** A parameter as a list of texts, none of them empty; commas and pipes separate. */
export function toList(value: unknown): string[] {
  const items = Array.isArray(value) ? value.map(toText) : toText(value).split(LIST_SEPARATOR);
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

/** A parameter as text; of a repeated one the last, of an object its JSON. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return toText(value.at(-1));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
