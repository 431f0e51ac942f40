import { ANY, containsUnit, MAX_UNIT, makeCharSet, rangesOf } from './char-set.js';
import type { CharSet } from './regex-syntax.js';

/** Groups of code units that differ by case only; made when first needed, the same for ever. */
let families: readonly (readonly number[])[] | null = null;

/** The set with every unit that differs from one of it by case only, as the flag `i` of JavaScript compares them. */
export function foldCase(set: CharSet): CharSet {
  if (set === ANY) return set;
  const ranges = [...rangesOf(set)];
  for (const family of caseFamilies()) {
    if (!family.some((unit) => containsUnit(set, unit))) continue;
    for (const unit of family) ranges.push([unit, unit]);
  }
  return makeCharSet(ranges);
}

function caseFamilies(): readonly (readonly number[])[] {
  families ??= collectFamilies();
  return families;
}

function collectFamilies(): number[][] {
  const found = new Map<number, number[]>();
  for (let unit = 0; unit <= MAX_UNIT; unit++) {
    const upper = upperCase(unit);
    if (upper === unit) continue;
    const family = found.get(upper);
    if (family) family.push(unit);
    else found.set(upper, [upper, unit]);
  }
  return [...found.values()];
}

/** A unit whose upper case is several units, or is ASCII while the unit itself is not, is compared as it stands. */
function upperCase(unit: number): number {
  const upper = String.fromCharCode(unit).toUpperCase();
  if (upper.length !== 1) return unit;
  const code = upper.charCodeAt(0);
  return unit >= 0x80 && code < 0x80 ? unit : code;
}
