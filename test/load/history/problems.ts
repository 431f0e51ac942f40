/** More than so many tell nothing new. */
const MAX_PROBLEMS = 40;

/** Broken promises, each a sentence. */
export class Problems {
  readonly list: string[] = [];

  add(problem: string): void {
    if (this.list.length < MAX_PROBLEMS) this.list.push(problem);
  }
}
