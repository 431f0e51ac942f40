import { type Leaf, MapNode, type Node, type PresentNode, type Priority, PriorityLeaf, priorityOf } from './node.js';
import { sortedEntries } from './order.js';
import { sha1 } from './sha1.js';
import { utf8Bytes } from './utf8.js';

/**
 * The content hash by which Firebase clients compare data: base64 of SHA-1, and the empty string for absence. Equal nodes have
 * equal hashes.
 */
export function hashNode(node: Node): string {
  return hashWith(node, ieeeDouble);
}

/**
 * Whether a client may mean `node` by `hash`. The JavaScript SDK derives a number's exponent from a rounded logarithm and so hashes
 * some numbers near powers of two as other numbers; that hash is accepted too.
 */
export function matchesHash(node: Node, hash: string): boolean {
  return hashNode(node) === hash || (node !== null && hashWith(node, sdkDouble) === hash);
}

/** The 16 hexadecimal digits of a double. */
type DoubleText = (value: number) => string;

function hashWith(node: Node, double: DoubleText): string {
  return node === null ? '' : base64(sha1(utf8Bytes(hashedText(node, double))));
}

function hashedText(node: PresentNode, double: DoubleText): string {
  const prefix = priorityText(priorityOf(node), double);
  if (node instanceof PriorityLeaf) return prefix + leafText(node.value, double);
  if (!(node instanceof MapNode)) return leafText(node, double);
  let text = prefix;
  for (const [key, child] of sortedEntries(node)) text += `:${key}:${hashWith(child, double)}`;
  return text;
}

function priorityText(priority: Priority, double: DoubleText): string {
  return priority === null ? '' : `priority:${leafText(priority, double)}:`;
}

function leafText(leaf: Leaf, double: DoubleText): string {
  return `${typeof leaf}:${typeof leaf === 'number' ? double(leaf === 0 ? 0 : leaf) : leaf}`;
}

const SCRATCH = new DataView(new ArrayBuffer(8));

function ieeeDouble(value: number): string {
  SCRATCH.setFloat64(0, value);
  return hex32(SCRATCH.getUint32(0)) + hex32(SCRATCH.getUint32(4));
}

const BIAS = 1023;
const FRACTION_BITS = 52;
const TWO_32 = 2 ** 32;

/**
 * As the SDK has it for normal numbers: the exponent is floor(ln v / ln 2), wrong when the quotient rounds the wrong way, and the
 * fraction is whatever low 52 bits remain of the scaled value; those of an infinite one are zero.
 */
function sdkDouble(value: number): string {
  const size = Math.abs(value);
  if (size < 2 ** (1 - BIAS)) return ieeeDouble(value);
  const exponent = Math.min(Math.floor(Math.log(size) / Math.LN2), BIAS);
  const scaled = Math.round(size * 2 ** (FRACTION_BITS - exponent) - 2 ** FRACTION_BITS);
  const fraction = Number.isFinite(scaled) ? scaled : 0;
  const sign = value < 0 ? 0x80000000 : 0;
  const high = sign | ((exponent + BIAS) << 20) | (Math.floor(fraction / TWO_32) & 0xfffff);
  return hex32(high >>> 0) + hex32(fraction >>> 0);
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let digit = 0; digit < 4; digit++) {
      text += i + digit > bytes.length ? '=' : BASE64.charAt((group >> (18 - 6 * digit)) & 63);
    }
  }
  return text;
}
