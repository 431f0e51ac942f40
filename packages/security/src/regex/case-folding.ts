import { MAX_UNIT, makeCharSet, rangesOf } from './char-set.js';
import type { CharSet } from './regex-syntax.js';

/** The code units that differ from others by case only, in order; made when first needed, the same for ever. */
let cased: readonly CasedUnit[] | null = null;

interface CasedUnit {
  readonly unit: number;
  /** All that differ by case only, the unit itself too. */
  readonly family: readonly number[];
}

/**
 * The set with every unit that differs from one of it by case only, as the flag `i` of JavaScript compares them. Only the units
 * within the set that have a case at all are looked at: a pattern of thousands of sets takes no time to speak of.
 */
export function foldCase(set: CharSet): CharSet {
  cased ??= collectCased();
  const added: [number, number][] = [];
  for (const [from, to] of rangesOf(set)) {
    for (let index = firstFrom(cased, from); (cased[index]?.unit ?? MAX_UNIT + 1) <= to; index++) {
      for (const unit of cased[index]!.family) if (unit < from || unit > to) added.push([unit, unit]);
    }
  }
  return added.length === 0 ? set : makeCharSet([...rangesOf(set), ...added]);
}

/** The index of the first unit that is not before `unit`. */
function firstFrom(units: readonly CasedUnit[], unit: number): number {
  let low = 0;
  let high = units.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (units[middle]!.unit < unit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function collectCased(): CasedUnit[] {
  const families = new Map<number, number[]>();
  for (let unit = 0; unit <= MAX_UNIT; unit++) {
    const upper = upperCase(unit);
    if (upper === unit) continue;
    const family = families.get(upper);
    if (family) family.push(unit);
    else families.set(upper, [upper, unit]);
  }
  const all = [...families.values()].flatMap((family) => family.map((unit) => ({ unit, family })));
  return all.sort((a, b) => a.unit - b.unit);
}

/** A unit whose upper case is several units, or is ASCII while the unit itself is not, is compared as it stands. */
function upperCase(unit: number): number {
  const upper = String.fromCharCode(unit).toUpperCase();
  if (upper.length !== 1) return unit;
  const code = upper.charCodeAt(0);
  return unit >= 0x80 && code < 0x80 ? unit : code;
}
