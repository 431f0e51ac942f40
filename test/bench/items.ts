/** The made-up data of the rows with many leaves: `/items/<key>`, five leaves each. */
export interface Item {
  readonly name: string;
  readonly score: number;
  readonly active: boolean;
  readonly city: string;
  readonly updated: number;
}

export const LEAVES_PER_ITEM = 5;

const CITIES = ['Lisbon', 'Oslo', 'Kyoto', 'Quito', 'Accra', 'Perth'];

export const KEY_DIGITS = 7;

/** Keys sort as the numbers do. */
export function itemKey(index: number): string {
  return `k${String(index).padStart(KEY_DIGITS, '0')}`;
}

/** The same item for the same index, always; scores are spread without order and distinct. */
export function itemOf(index: number): Item {
  return {
    name: `name of item ${index}`,
    score: (index * 2_654_435_761) % 4_294_967_296,
    active: index % 3 !== 0,
    city: CITIES[index % CITIES.length]!,
    updated: 1_700_000_000_000 + index,
  };
}
