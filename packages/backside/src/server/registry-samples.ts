import type { RegistrySample } from '@backside/backendjs';

/** A metric as the registry gives it out. */
interface RegistryMetric {
  readonly name: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: RegistrySample['labels'];
    /** Where one metric has several, such as a histogram. */
    readonly metricName?: string;
  }[];
}

/** The numbers of a registry, one by one. */
export function samplesOf(metrics: readonly object[]): RegistrySample[] {
  return (metrics as readonly RegistryMetric[]).flatMap(({ name, values }) =>
    values.map(({ value, labels, metricName }) => ({ name: metricName ?? name, labels, value })),
  );
}
