/** Callbacks of an application that are told the same thing. One that throws does not keep it from the others. */
export class Listeners<Value> {
  readonly #report: (error: unknown) => void;
  readonly #all = new Set<{ readonly call: (value: Value) => void }>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  add(call: (value: Value) => void): () => void {
    const entry = { call };
    this.#all.add(entry);
    return () => this.#all.delete(entry);
  }

  tell(value: Value): void {
    for (const { call } of [...this.#all]) {
      try {
        call(value);
      } catch (error) {
        this.#report(error);
      }
    }
  }
}
