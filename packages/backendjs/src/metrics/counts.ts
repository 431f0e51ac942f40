/** At most this many different names are counted; further ones are left out, so that urls cannot fill the memory. */
const MAX_NAMES = 2_000;

/** Numbers that begin again at 0 whenever they were sent: those whose names end in `_0`. */
export class Counts {
  #byName = new Map<string, number>();

  add(name: string, by = 1): void {
    const known = this.#byName.get(name);
    if (known === undefined && this.#byName.size >= MAX_NAMES) return;
    this.#byName.set(name, (known ?? 0) + by);
  }

  /** By name, with `_0` behind each; `reset` begins again. */
  read({ reset }: { readonly reset: boolean }): Readonly<Record<string, number>> {
    const read = Object.fromEntries([...this.#byName].map(([name, count]) => [`${name}_0`, count]));
    if (reset) this.#byName = new Map();
    return read;
  }
}
