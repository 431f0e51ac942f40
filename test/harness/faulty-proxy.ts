import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How bad the line is. Probabilities are per chunk, or per connection where that is said. */
export interface Faults {
  /** How long after its arrival a chunk is passed on at most, in milliseconds; drawn evenly. Chunks of one direction keep their order. */
  readonly delayMs: number;
  /** That a chunk is cut in two, the second part coming later. */
  readonly split: number;
  /** That a connection is reset when a chunk passes, with part of it delivered. */
  readonly cut: number;
  /** That a connection goes half-open when a chunk passes: nothing more gets through, and nobody is told. */
  readonly freeze: number;
  /** That a new connection is refused at once, per connection. */
  readonly refuse: number;
}

export const NO_FAULTS: Faults = { delayMs: 0, split: 0, cut: 0, freeze: 0, refuse: 0 };

/** A line between clients and a server that does to them what networks do. */
export interface FaultyProxy {
  readonly port: number;
  /** May be replaced at any time; holds from then on. */
  faults: Faults;
  /** How often each has happened. */
  readonly counts: { connections: number; cuts: number; frozen: number; refused: number };
  /** Resets all connections. */
  cutAll(): void;
  /**
   * A network partition: from now on nothing gets through in either direction, new connections included, and nobody is told. What is
   * sent meanwhile waits, as far as buffers go, as it does in the system's own.
   */
  partition(): void;
  /** Ends the partition: what waits is passed on, in order. */
  heal(): void;
  /** Lets go of all connections and stops listening. */
  stop(): Promise<void>;
}

export interface FaultyProxyOptions {
  readonly targetPort: number;
  readonly faults?: Faults;
  /** From 0 to less than 1; a seeded one makes a run repeatable as far as the network is. */
  readonly random?: () => number;
  /** A half-open connection is reset after so long, in milliseconds, so that none stays for ever. Default 60 s. */
  readonly maxFrozenMs?: number;
}

/** Octets of one direction that wait are bounded by not reading more. */
const MAX_WAITING_BYTES = 1024 * 1024;
const DEFAULT_MAX_FROZEN_MS = 60_000;

/** Listens on a free port of the loopback and passes everything on to `targetPort`, as badly as `faults` says. */
export async function startFaultyProxy(options: FaultyProxyOptions): Promise<FaultyProxy> {
  const lines = new Set<Line>();
  const random = options.random ?? Math.random;
  const barrier = new Barrier();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (random() < proxy.faults.refuse) {
      proxy.counts.refused += 1;
      client.resetAndDestroy();
      return;
    }
    proxy.counts.connections += 1;
    const line: Line = new Line(client, { ...options, random, proxy, barrier, ended: () => lines.delete(line) });
    lines.add(line);
  });
  const proxy = {
    port: 0,
    faults: options.faults ?? NO_FAULTS,
    counts: { connections: 0, cuts: 0, frozen: 0, refused: 0 },
    cutAll: () => {
      for (const line of [...lines]) line.cut();
    },
    partition: () => barrier.close(),
    heal: () => barrier.open(),
    stop: async () => {
      proxy.cutAll();
      barrier.open();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.port = (server.address() as AddressInfo).port;
  return proxy;
}

/** What is to get through waits here while there is a partition. */
class Barrier {
  #opened: Promise<void> | null = null;
  #open: () => void = () => {};

  close(): void {
    this.#opened ??= new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  open(): void {
    this.#opened = null;
    this.#open();
  }

  /** Resolves once there is no partition. */
  async passed(): Promise<void> {
    while (this.#opened !== null) await this.#opened;
  }
}

interface LineOptions extends FaultyProxyOptions {
  readonly random: () => number;
  readonly proxy: Pick<FaultyProxy, 'faults' | 'counts'>;
  readonly barrier: Barrier;
  readonly ended: () => void;
}

/** One client's connection and the one to the server that belongs to it. */
class Line {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #options: LineOptions;
  #frozen: NodeJS.Timeout | null = null;
  /** Whether it ends once the last piece is handed over. */
  #cutting = false;
  #over = false;

  constructor(client: Socket, options: LineOptions) {
    this.#client = client;
    this.#options = options;
    this.#server = connect({ port: options.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    this.#pass(client, this.#server);
    this.#pass(this.#server, client);
  }

  /** Resets both connections. What waits is lost. */
  cut(): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#frozen !== null) clearTimeout(this.#frozen);
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
    this.#options.ended();
  }

  #pass(from: Socket, to: Socket): void {
    let waiting: Promise<void> = Promise.resolve();
    let bytes = 0;
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes > MAX_WAITING_BYTES) from.pause();
      const due = performance.now() + this.#delayMs();
      waiting = waiting.then(async () => {
        await until(due);
        if (this.#cutting) return; // what follows a piece that was lost must not arrive either
        for (const part of this.#mistreat(chunk)) {
          await this.#options.barrier.passed();
          this.#deliver(to, part);
        }
        bytes -= chunk.length;
        if (bytes <= MAX_WAITING_BYTES / 2) from.resume();
      });
    });
    from.on('end', () => {
      waiting = waiting.then(async () => {
        await this.#options.barrier.passed();
        if (!this.#over && this.#frozen === null) to.end();
      });
    });
    from.on('error', () => void this.#options.barrier.passed().then(() => this.cut()));
    from.on('close', () => this.#gone(waiting));
  }

  /** One side is gone: so is the line, once what it has sent has arrived. */
  #gone(waiting: Promise<void>): void {
    void waiting.then(() => {
      if (this.#frozen === null) this.cut();
    });
  }

  #mistreat(chunk: Buffer): Buffer[] {
    const { random, proxy } = this.#options;
    const at = Math.floor(random() * chunk.length);
    if (random() < proxy.faults.freeze) this.#freeze();
    if (random() < proxy.faults.cut && this.#frozen === null && !this.#over) {
      proxy.counts.cuts += 1;
      this.#cutting = true;
      setImmediate(() => this.cut());
      return [chunk.subarray(0, at)];
    }
    return random() < proxy.faults.split ? [chunk.subarray(0, at), chunk.subarray(at)] : [chunk];
  }

  #freeze(): void {
    if (this.#frozen !== null || this.#over) return;
    this.#options.proxy.counts.frozen += 1;
    this.#frozen = setTimeout(() => this.cut(), this.#options.maxFrozenMs ?? DEFAULT_MAX_FROZEN_MS);
  }

  #delayMs(): number {
    const { random, proxy } = this.#options;
    return proxy.faults.delayMs === 0 ? 0 : random() * proxy.faults.delayMs;
  }

  #deliver(to: Socket, part: Buffer): void {
    if (part.length > 0 && this.#frozen === null && !this.#over && to.writable) to.write(part);
  }
}

async function until(due: number): Promise<void> {
  const ms = due - performance.now();
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}
