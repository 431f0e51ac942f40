import type { FunctionOptions, Trigger } from './define.js';
import type { FunctionStore } from './function-store.js';
import { type Pattern, parsePattern } from './pattern.js';
import { PLACES } from './places.js';

/** A function as its file declares it. */
export interface DeclaredFunction {
  /** `FILE:EXPORT`, a key of a tree. */
  readonly name: string;
  /** The file's name without its ending. */
  readonly file: string;
  readonly trigger: Trigger;
  readonly options: FunctionOptions;
}

/** A function of which events are recorded. */
export interface WatchedFunction {
  readonly name: string;
  readonly trigger: Trigger;
  /** Null unless a pattern triggers it. */
  readonly pattern: Pattern | null;
  /** It gets events of later revisions only: of the main journal, or of that of the accounts. */
  readonly since: number;
}

/** A place in one history. */
interface HistoryPoint {
  readonly epoch: string;
  readonly revision: number;
}

/** What is stored of a function: what it was declared as, and since when. */
export interface Known {
  readonly trigger: Trigger;
  readonly epoch: string;
  readonly since: number;
}

/** Null for triggers without a pattern. Throws `invalid-path`. */
export function patternOf(trigger: Trigger): Pattern | null {
  return 'pattern' in trigger ? parsePattern(trigger.pattern) : null;
}

export interface RegistryOptions {
  readonly store: FunctionStore;
  /** Where the journal is now that the events of a trigger come from. */
  readonly pointFor: (trigger: Trigger) => HistoryPoint;
}

/**
 * Which functions there are, and since when: kept with the checkpoint, so that a file that cannot be loaded for a while misses nothing.
 */
export class Registry {
  readonly #options: RegistryOptions;
  #declared: readonly DeclaredFunction[] = [];
  #broken: ReadonlySet<string> = new Set();
  #watched: readonly WatchedFunction[] = [];
  #settled = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** @param broken files that cannot be loaded now: their functions stay what they were. */
  declare(declared: readonly DeclaredFunction[], broken: ReadonlySet<string>): void {
    this.#declared = declared;
    this.#broken = broken;
    this.#settled = false;
  }

  get watched(): readonly WatchedFunction[] {
    return this.#watched;
  }

  /** Whether `watched` is what was declared last. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The patterns of all that are declared, each once. */
  wantedPatterns(): Map<string, Pattern> {
    const patterns = new Map<string, Pattern>();
    for (const { trigger } of [...this.#declared, ...this.#absent().values()]) {
      const pattern = patternOf(trigger);
      if (pattern !== null) patterns.set(pattern.id, pattern);
    }
    return patterns;
  }

  /** Makes `watched` what was declared; a new function, or one with another trigger, begins now. The shadow must be whole. */
  async settle(): Promise<void> {
    const { store, pointFor } = this.#options;
    const wanted = new Map<string, Known>(this.#absent());
    for (const { name, trigger } of this.#declared) {
      const known = this.#known(name);
      const { epoch, revision } = pointFor(trigger);
      const same = known?.epoch === epoch && JSON.stringify(known.trigger) === JSON.stringify(trigger);
      wanted.set(name, same ? known : { trigger, epoch, since: revision });
    }
    const texts = new Map(Array.from(wanted, ([name, known]) => [name, JSON.stringify(known)]));
    const names = new Set([...store.tree.keys(PLACES.known), ...texts.keys()]);
    const changed = [...names].filter((name) => store.tree.read(PLACES.knownOf(name)) !== (texts.get(name) ?? null));
    // When a schedule fired last says nothing about another one of the same name.
    const changes = changed.flatMap((name) => [
      { path: PLACES.knownOf(name), value: texts.get(name) ?? null },
      { path: PLACES.fired(name), value: null },
    ]);
    if (changes.length > 0) await store.write(changes);
    this.#watched = Array.from(wanted, ([name, { trigger, since }]) => ({
      name,
      trigger,
      pattern: patternOf(trigger),
      since,
    }));
    this.#settled = true;
  }

  /** What is known of the functions whose files cannot be loaded now. */
  #absent(): Map<string, Known> {
    const names = this.#options.store.tree.keys(PLACES.known).filter((name) => this.#broken.has(fileOf(name)));
    return new Map(
      names.flatMap((name) => {
        const known = this.#known(name);
        return known === null ? [] : [[name, known] as const];
      }),
    );
  }

  #known(name: string): Known | null {
    return this.#options.store.json(PLACES.knownOf(name)) as unknown as Known | null;
  }
}

function fileOf(name: string): string {
  return name.slice(0, name.indexOf(':'));
}
