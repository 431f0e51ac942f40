import type { Json } from '../json.js';

/** JSON text with sorted keys, so that equal data has equal text whatever made it. For tests only. */
export function sortedText(json: Json): string {
  if (typeof json !== 'object' || json === null) return JSON.stringify(json);
  if (Array.isArray(json)) return `[${json.map(sortedText).join()}]`;
  const keys = Object.keys(json).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sortedText(json[key] as Json)}`).join()}}`;
}
