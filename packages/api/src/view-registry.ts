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

  /** Calls `visit` for each view at `path` or above it, then `visitBelow` for each view below it. */
  touching(path: Path, visit: (view: View) => void, visitBelow: (view: View) => void): void {
    let branch: Branch<View> | undefined = this.#root;
    for (const view of branch.views) visit(view);
    for (const key of path) {
      branch = branch.children?.get(key);
      if (branch === undefined) return;
      for (const view of branch.views) visit(view);
    }
    if (branch.children !== null) visitDescendants(branch, visitBelow);
  }
}

function visitDescendants<View>(branch: Branch<View>, visit: (view: View) => void): void {
  const pending = [branch];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next.children === null) continue;
    for (const child of next.children.values()) {
      for (const view of child.views) visit(view);
      pending.push(child);
    }
  }
}
