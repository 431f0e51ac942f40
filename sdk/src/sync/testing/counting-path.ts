/** Counts how often a place is looked up by which children are ordered. */
export class CountingPath extends Array<string> {
  lookUps = 0;

  override [Symbol.iterator](): ArrayIterator<string> {
    this.lookUps += 1;
    return super[Symbol.iterator]();
  }
}
