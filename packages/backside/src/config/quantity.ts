import * as v from 'valibot';
import { type Description, numberFromText, type Option, option } from './option.js';

const SIZE_UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A number of bytes: as such, or as text with a unit such as `16MiB`. */
export function size(described: Description & { readonly default: number; readonly min: number }): Option<number> {
  return quantity(described, SIZE_UNITS, 'a number of bytes, or one with a unit such as 16MiB', 'SIZE');
}

/** A number of milliseconds: as such, or as text with a unit such as `10s`. */
export function duration(described: Description & { readonly default: number; readonly min: number }): Option<number> {
  return quantity(described, DURATION_UNITS, 'a number of milliseconds, or one with a unit such as 10s', 'TIME');
}

export function formatSize(bytes: number): string {
  return formatQuantity(bytes, SIZE_UNITS, 'B');
}

export function formatDuration(milliseconds: number): string {
  return formatQuantity(milliseconds, DURATION_UNITS, 'ms');
}

function quantity(
  described: Description & { readonly default: number; readonly min: number },
  units: Readonly<Record<string, number>>,
  expected: string,
  placeholder: string,
): Option<number> {
  const { min, ...rest } = described;
  const schema = v.pipe(
    v.union([v.number(), v.string()], `must be ${expected}`),
    v.rawTransform<number | string, number>(({ dataset, addIssue, NEVER }) => {
      const amount = typeof dataset.value === 'number' ? dataset.value : parseQuantity(dataset.value, units);
      if (amount === null || !Number.isSafeInteger(amount) || amount < min) {
        addIssue({ message: `must be ${expected}, at least ${min}` });
        return NEVER;
      }
      return amount;
    }),
  );
  return option(schema as v.GenericSchema<unknown, number>, { placeholder, ...rest, fromText: numberFromText });
}

function parseQuantity(raw: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d{1,15})([A-Za-z]+)$/.exec(raw);
  const unit = match && Object.hasOwn(units, match[2]!) ? units[match[2]!]! : null;
  return match && unit !== null ? Number(match[1]) * unit : null;
}

function formatQuantity(amount: number, units: Readonly<Record<string, number>>, smallest: string): string {
  let text = `${amount}${smallest}`;
  for (const [unit, factor] of Object.entries(units)) {
    if (amount !== 0 && amount % factor === 0) text = `${amount / factor}${unit}`;
  }
  return text;
}
