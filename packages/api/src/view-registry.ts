import type { Path } from '@backside/tree';

interface Branch<View> {
  children: Map<string, Branch<View>> | null;
  /** The views of exactly this path: usually one. */
  views: View[];
}

function newBranch<View>(): Branch<View> {
  return { children: null, views: [] };
}

/** Views by path, so that a change finds those at, above and below it without looking at any other. */
export class ViewRegistry<View> {
  readonly #root: Branch<View> = newBranch();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The views of exactly `path`. */
  at(path: Path): readonly View[] {
    let branch: Branch<View> | undefined = this.#root;
    for (const key of path) {
      branch = branch.children?.get(key);
      if (branch === undefined) return [];
    }
    return branch.views;
  }

  add(path: Path, view: View): void {
    let branch = this.#root;
    for (const key of path) {
      branch.children ??= new Map();
      let next = branch.children.get(key);
      if (next === undefined) {
        next = newBranch();
        branch.children.set(key, next);
      }
      branch = next;
    }
    branch.views.push(view);
    this.#size += 1;
  }

  delete(path: Path, view: View): void {
    const trail: Branch<View>[] = [this.#root];
    for (const key of path) {
      const next = trail.at(-1)!.children?.get(key);
      if (next === undefined) return;
      trail.push(next);
    }
    const views = trail.at(-1)!.views;
    const index = views.indexOf(view);
    if (index < 0) return;
    views.splice(index, 1);
    this.#size -= 1;
    this.#prune(path, trail);
  }

  #prune(path: Path, trail: Branch<View>[]): void {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const branch = trail[depth]!;
      if (branch.views.length > 0 || branch.children !== null) return;
      const parent = trail[depth - 1]!;
      parent.children!.delete(path[depth - 1]!);
      if (parent.children!.size === 0) parent.children = null;
    }
  }

  /** Adds the views at `path` and above it to `found`; those below it only if `may` says so. */
  collect(path: Path, found: Set<View>, may: (view: View) => boolean): void {
    let branch: Branch<View> | undefined = this.#root;
    for (const view of branch.views) found.add(view);
    for (const key of path) {
      branch = branch.children?.get(key);
      if (branch === undefined) return;
      for (const view of branch.views) found.add(view);
    }
    if (branch.children !== null) collectBelow(branch, found, may);
  }
}

function collectBelow<View>(top: Branch<View>, found: Set<View>, may: (view: View) => boolean): void {
  const pending = [top];
  for (let branch = pending.pop(); branch !== undefined; branch = pending.pop()) {
    if (branch.children === null) continue;
    for (const child of branch.children.values()) {
      for (const view of child.views) if (!found.has(view) && may(view)) found.add(view);
      pending.push(child);
    }
  }
}
