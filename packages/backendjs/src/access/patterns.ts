/** Regular expressions of which one is enough; an empty list matches nothing. The operator writes them: they are not bounded in time. */
export class Patterns {
  readonly #expressions: readonly RegExp[];

  constructor(sources: readonly string[]) {
    this.#expressions = sources.map((source) => new RegExp(source));
  }

  match(text: string): boolean {
    return this.#expressions.some((expression) => expression.test(text));
  }
}
