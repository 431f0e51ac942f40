import { EventQueue } from './event-queue.js';
import { type PlacedNode, place } from './rendezvous.js';

/** What is simulated. Times are seconds. */
export interface ScaleOptions {
  readonly databases: number;
  readonly nodes: number;
  /** Nodes that serve each database. */
  readonly copies: number;
  readonly days: number;
  /** Mean time from a node's start to its failure, and from there to its return. */
  readonly meanTimeToFailure: number;
  readonly meanTimeToReturn: number;
  /** How many nodes fail together, as those of one rack do, and how often, as a part of all failures. */
  readonly rackSize: number;
  readonly rackFailures: number;
  /** The part of the failures after which a node comes back with an empty disk. */
  readonly lostDisks: number;
  /** How unequal databases are: the load of the n-th is 1 / n to this power. */
  readonly skew: number;
  /** Leaves of the largest database; the others have in proportion to their load. */
  readonly largestLeaves: number;
  /** Leaves that a node restores from the checkpoint in a second. */
  readonly restoreRate: number;
  /** What a node that comes back with its disk needs until it has caught up. */
  readonly catchUpTime: number;
  /** A database never puts more than this part of the load of an average node on one node: hot ones get more copies. */
  readonly maxShare: number;
  readonly random: () => number;
}

export interface ScaleReport {
  readonly failures: number;
  /** Copies made anew from a checkpoint, and the leaves restored for them. */
  readonly restores: number;
  readonly restoredLeaves: number;
  /** The longest time from a failure until the database had all its copies again. */
  readonly longestRestore: number;
  /** The part of all database-seconds, weighted by load, in which no node served the database. */
  readonly unavailable: number;
  readonly longestOutage: number;
  /** Load of the busiest node over that of an average one: on average over time, and at the worst moment. */
  readonly meanPeakLoad: number;
  readonly worstPeakLoad: number;
  /** Copies of all databases per node that is up, on average. */
  readonly copiesPerNode: number;
  /** Copies of the hottest database. */
  readonly hottestCopies: number;
}

interface SimulatedDatabase {
  readonly load: number;
  readonly leaves: number;
  readonly copies: number;
  /** Every node, best first. */
  readonly order: readonly number[];
  readonly serving: Set<number>;
  readonly restoring: Set<number>;
  /** When it last stopped being served, or having all its copies; null while it is. */
  downSince: number | null;
  shortSince: number | null;
}

interface SimulatedNode {
  up: boolean;
  load: number;
  /** Restores are made one after the other. */
  busyUntil: number;
  /** Counts its failures, so that restores begun before one are not finished after it. */
  life: number;
  readonly disk: Set<number>;
}

const DAY = 86_400;

/** Runs nodes that fail and return for some days, and tells what clients of the databases would have noticed. */
export function simulate(options: ScaleOptions): ScaleReport {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: ScaleOptions;
  readonly #nodes: SimulatedNode[];
  readonly #databases: SimulatedDatabase[];
  readonly #events = new EventQueue();
  readonly #end: number;
  #now = 0;
  #failures = 0;
  #restores = 0;
  #restoredLeaves = 0;
  #longestRestore = 0;
  #longestOutage = 0;
  #downLoad = 0;
  #unavailable = 0;
  #peakTime = 0;
  #worstPeak = 0;

  constructor(options: ScaleOptions) {
    this.#options = options;
    this.#end = options.days * DAY;
    this.#nodes = Array.from({ length: options.nodes }, () => ({
      up: true,
      load: 0,
      busyUntil: 0,
      life: 0,
      disk: new Set<number>(),
    }));
    this.#databases = this.#makeDatabases();
    for (const [id, database] of this.#databases.entries()) {
      for (const node of database.order.slice(0, database.copies)) this.#serve(id, node);
    }
    for (const node of this.#nodes.keys()) this.#failLater(node);
  }

  #makeDatabases(): SimulatedDatabase[] {
    const { databases, nodes, skew, copies, maxShare, largestLeaves } = this.#options;
    const weights = Array.from({ length: databases }, (_, rank) => 1 / (rank + 1) ** skew);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const placed: PlacedNode[] = Array.from({ length: nodes }, (_, node) => ({ name: String(node), weight: 1 }));
    return weights.map((weight, rank) => {
      const load = (weight / total) * nodes; // an average node carries 1
      return {
        load,
        leaves: Math.max(1, Math.round(largestLeaves * weight)),
        copies: Math.min(nodes, Math.max(copies, Math.ceil(load / maxShare))),
        order: place(`database-${rank}`, placed, nodes).map(({ name }) => Number(name)),
        serving: new Set<number>(),
        restoring: new Set<number>(),
        downSince: null,
        shortSince: null,
      };
    });
  }

  run(): ScaleReport {
    for (let event = this.#events.next(); event !== null && event.time < this.#end; event = this.#events.next()) {
      this.#passTo(event.time);
      event.happen();
    }
    this.#passTo(this.#end);
    for (const [id] of this.#databases.entries()) this.#account(id);
    const totalLoad = this.#options.nodes;
    return {
      failures: this.#failures,
      restores: this.#restores,
      restoredLeaves: this.#restoredLeaves,
      longestRestore: this.#longestRestore,
      unavailable: this.#unavailable / (totalLoad * this.#end),
      longestOutage: this.#longestOutage,
      meanPeakLoad: this.#peakTime / this.#end,
      worstPeakLoad: this.#worstPeak,
      copiesPerNode: this.#databases.reduce((sum, { copies }) => sum + copies, 0) / this.#options.nodes,
      hottestCopies: this.#databases[0]!.copies,
    };
  }

  /** Nothing changes between two events, so what clients notice is summed up here. */
  #passTo(time: number): void {
    const elapsed = time - this.#now;
    const peak = Math.max(...this.#nodes.map(({ load }) => load));
    this.#peakTime += peak * elapsed;
    this.#worstPeak = Math.max(this.#worstPeak, peak);
    this.#unavailable += this.#downLoad * elapsed;
    this.#now = time;
  }

  #failLater(node: number): void {
    const { life } = this.#nodes[node]!;
    this.#after(this.#exponential(this.#options.meanTimeToFailure), () => {
      if (this.#nodes[node]!.life !== life) return; // it failed before, with others
      const together = this.#options.random() < this.#options.rackFailures ? this.#rackOf(node) : [node];
      for (const one of together) this.#fail(one);
    });
  }

  #rackOf(node: number): number[] {
    const { rackSize } = this.#options;
    const first = node - (node % rackSize);
    return [...this.#nodes.keys()].slice(first, first + rackSize);
  }

  #fail(id: number): void {
    const node = this.#nodes[id]!;
    if (!node.up) return;
    this.#failures += 1;
    node.up = false;
    node.life += 1;
    node.busyUntil = 0;
    if (this.#options.random() < this.#options.lostDisks) node.disk.clear();
    for (const [database, state] of this.#databases.entries()) {
      state.restoring.delete(id);
      if (state.serving.has(id)) this.#stopServing(database, id);
      this.#settle(database);
    }
    this.#after(this.#exponential(this.#options.meanTimeToReturn), () => this.#return(id));
  }

  #return(id: number): void {
    this.#nodes[id]!.up = true;
    for (const database of this.#databases.keys()) this.#settle(database);
    this.#failLater(id);
  }

  /** Has the nodes that should serve a database do so, and lets others go once these do. */
  #settle(id: number): void {
    const database = this.#databases[id]!;
    const wanted = this.#wantedFor(database);
    for (const node of wanted) {
      if (!database.serving.has(node) && !database.restoring.has(node)) this.#prepare(id, node);
    }
    if (wanted.every((node) => database.serving.has(node))) {
      for (const node of [...database.serving]) if (!wanted.includes(node)) this.#stopServing(id, node);
    }
    this.#account(id);
  }

  /** The best nodes that are up. */
  #wantedFor({ order, copies }: SimulatedDatabase): number[] {
    const wanted: number[] = [];
    for (const node of order) {
      if (wanted.length === copies) break;
      if (this.#nodes[node]!.up) wanted.push(node);
    }
    return wanted;
  }

  #prepare(id: number, nodeId: number): void {
    const node = this.#nodes[nodeId]!;
    const database = this.#databases[id]!;
    const restores = !node.disk.has(id);
    const duration = restores ? database.leaves / this.#options.restoreRate : this.#options.catchUpTime;
    if (restores) node.busyUntil = Math.max(node.busyUntil, this.#now) + duration;
    const ready = restores ? node.busyUntil : this.#now + duration;
    const { life } = node;
    database.restoring.add(nodeId);
    this.#after(ready - this.#now, () => {
      if (node.life !== life || !database.restoring.delete(nodeId)) return;
      if (restores) {
        this.#restores += 1;
        this.#restoredLeaves += database.leaves;
      }
      this.#serve(id, nodeId);
      this.#settle(id);
    });
  }

  #serve(id: number, node: number): void {
    this.#nodes[node]!.disk.add(id);
    this.#share(id, (serving) => serving.add(node));
  }

  #stopServing(id: number, node: number): void {
    this.#share(id, (serving) => serving.delete(node));
  }

  /** Clients of a database are spread evenly over the nodes that serve it. */
  #share(id: number, change: (serving: Set<number>) => void): void {
    const { serving, load } = this.#databases[id]!;
    for (const node of serving) this.#nodes[node]!.load -= load / serving.size;
    change(serving);
    for (const node of serving) this.#nodes[node]!.load += load / serving.size;
  }

  /** Follows whether a database is served, and by all its copies. */
  #account(id: number): void {
    const database = this.#databases[id]!;
    const since = (start: number | null): number => (start === null ? 0 : this.#now - start);
    this.#longestOutage = Math.max(this.#longestOutage, since(database.downSince));
    this.#longestRestore = Math.max(this.#longestRestore, since(database.shortSince));
    const isDown = database.serving.size === 0;
    if (isDown !== (database.downSince !== null)) this.#downLoad += isDown ? database.load : -database.load;
    database.downSince = isDown ? (database.downSince ?? this.#now) : null;
    database.shortSince = database.serving.size < database.copies ? (database.shortSince ?? this.#now) : null;
  }

  #after(delay: number, happen: () => void): void {
    this.#events.add({ time: this.#now + delay, happen });
  }

  #exponential(mean: number): number {
    return -mean * Math.log(1 - this.#options.random());
  }
}
