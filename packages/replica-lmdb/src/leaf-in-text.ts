import { encodeLeaf, type Leaf, type Path } from '@backside/tree';

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * The JSON text of a map with the leaf at `path`, of one key at least, replaced; null if there is no leaf to replace. A fraction of
 * the work of parsing the text and writing it again. `text` must be as `encodeNode` writes it: no blanks, no arrays, and no
 * priorities, so that an object is always a map.
 */
export function replaceLeafInText(text: string, path: Path, leaf: Leaf): string | null {
  let position = 0;
  for (const key of path) {
    if (text.charCodeAt(position) !== OPEN) return null;
    position = valueOfMember(text, position, encodeLeaf(key));
    if (position === -1) return null;
  }
  if (text.charCodeAt(position) === OPEN) return null;
  return text.slice(0, position) + encodeLeaf(leaf) + text.slice(endOfLeaf(text, position));
}

/** Where the value of the member `quotedKey` begins in the object at `start`; -1 if there is none. */
function valueOfMember(text: string, start: number, quotedKey: string): number {
  let position = start;
  do {
    const key = position + 1; // after the brace or the comma
    position = endOfString(text, key) + 1; // after the colon
    if (position - key === quotedKey.length + 1 && text.startsWith(quotedKey, key)) return position;
    position = endOfValue(text, position);
  } while (text.charCodeAt(position) === COMMA);
  return -1;
}

function endOfValue(text: string, start: number): number {
  if (text.charCodeAt(start) !== OPEN) return endOfLeaf(text, start);
  let depth = 0;
  let position = start;
  do {
    const unit = text.charCodeAt(position);
    if (unit === QUOTE) {
      position = endOfString(text, position);
      continue;
    }
    if (unit === OPEN) depth += 1;
    else if (unit === CLOSE) depth -= 1;
    position += 1;
  } while (depth > 0);
  return position;
}

function endOfLeaf(text: string, start: number): number {
  let position = start;
  let unit = text.charCodeAt(position);
  if (unit === QUOTE) return endOfString(text, position);
  while (unit !== COMMA && unit !== CLOSE) unit = text.charCodeAt(++position);
  return position;
}

/** After the closing quote of the string whose opening quote is at `start`. */
function endOfString(text: string, start: number): number {
  let position = start + 1;
  for (let unit = text.charCodeAt(position); unit !== QUOTE; unit = text.charCodeAt(position)) {
    position += unit === BACKSLASH ? 2 : 1;
  }
  return position + 1;
}
