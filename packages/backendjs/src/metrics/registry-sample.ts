/** One number of the registry of metrics, under the name that it has at `/metrics`. */
export interface RegistrySample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string | number | undefined>>;
  readonly value: number;
}

/** The registry of this process as it is now. */
export type ReadRegistry = () => Promise<readonly RegistrySample[]>;

/** The sum of all samples of that name whose labels are these; 0 if there is none. */
export function sumOf(
  samples: readonly RegistrySample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
