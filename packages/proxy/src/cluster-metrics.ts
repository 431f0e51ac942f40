import { AggregatorRegistry, Registry } from 'prom-client';

/** A worker process as its own metrics see it. */
export interface ClusterMember {
  readonly name: string;
  /** The figures of all workers, as Prometheus text. */
  collectMetrics(): Promise<string>;
}

/** Asks the workers of this primary for their figures and puts them together; the label `worker` tells them apart. */
export function createMetricsCollector(): () => Promise<string> {
  const collector = new AggregatorRegistry();
  return () => collector.clusterMetrics();
}

/** In a worker: lets the primary collect the worker's own figures. The text of the returned registry is that of all workers. */
export function joinClusterMetrics(own: Registry, member: ClusterMember): Registry {
  own.setDefaultLabels({ worker: member.name });
  AggregatorRegistry.setRegistries(own);
  new AggregatorRegistry();
  return new ClusterRegistry(member);
}

class ClusterRegistry extends Registry {
  readonly #member: ClusterMember;

  constructor(member: ClusterMember) {
    super();
    this.#member = member;
  }

  override metrics(): Promise<string> {
    return this.#member.collectMetrics();
  }
}
