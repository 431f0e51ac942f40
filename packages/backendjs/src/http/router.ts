import type { LegacyEndpoint } from '../endpoint.js';
import { LegacyError } from './legacy-error.js';

/** An endpoint and what its path's variables are. */
export interface Route {
  readonly endpoint: LegacyEndpoint;
  readonly variables: Readonly<Record<string, string>>;
}

interface Branch {
  readonly literals: Map<string, Branch>;
  variable: { readonly name: string; readonly branch: Branch } | null;
  /** What takes the rest of the path, whatever it is. */
  rest: LegacyEndpoint | null;
  endpoint: LegacyEndpoint | null;
}

/** Finds the endpoint of a path. Literal segments win over variables, and those over `*`, which takes one or more segments. */
export class Router {
  readonly #root: Branch = branch();
  readonly #namespaces: Set<string> = new Set();

  constructor(endpoints: readonly LegacyEndpoint[]) {
    for (const endpoint of endpoints) for (const path of endpoint.paths) this.#add(path, endpoint);
  }

  /**
   * Whether a path is the legacy API's: one of an endpoint, or below a first segment that has endpoints below it. So `/auth` alone is,
   * and what lies below `/auth` belongs to others.
   */
  handles(path: string): boolean {
    const segments = segmentsOf(path);
    const [first = ''] = segments;
    if (segments.length === 0) return false;
    if (this.#namespaces.has(first)) return true;
    return segments.length === 1 && this.#root.literals.get(first)?.endpoint != null;
  }

  /** Null if there is none. Throws 400 for variables that are badly encoded. */
  find(path: string): Route | null {
    return walk(this.#root, segmentsOf(path), {});
  }

  #add(path: string, endpoint: LegacyEndpoint): void {
    const segments = segmentsOf(path);
    if (segments.length > 1) this.#namespaces.add(segments[0]!);
    let at = this.#root;
    for (const segment of segments) {
      if (segment === '*') {
        at.rest = endpoint;
        return;
      }
      at = segment.startsWith(':') ? variableBranch(at, segment.slice(1)) : literalBranch(at, segment);
    }
    at.endpoint = endpoint;
  }
}

function walk(at: Branch, segments: readonly string[], variables: Readonly<Record<string, string>>): Route | null {
  const [segment, ...others] = segments;
  if (segment === undefined) return at.endpoint === null ? null : { endpoint: at.endpoint, variables };
  const literal = at.literals.get(segment);
  const found = literal === undefined ? null : walk(literal, others, variables);
  if (found !== null) return found;
  if (at.variable !== null) {
    const { name, branch: next } = at.variable;
    const byVariable = walk(next, others, { ...variables, [name]: decode(segment) });
    if (byVariable !== null) return byVariable;
  }
  return at.rest === null
    ? null
    : { endpoint: at.rest, variables: { ...variables, '*': segments.map(decode).join('/') } };
}

function branch(): Branch {
  return { literals: new Map(), variable: null, rest: null, endpoint: null };
}

function literalBranch(at: Branch, segment: string): Branch {
  const there = at.literals.get(segment) ?? branch();
  at.literals.set(segment, there);
  return there;
}

/** Two variables of different names at one place would make the winner a matter of order. */
function variableBranch(at: Branch, name: string): Branch {
  if (at.variable !== null && at.variable.name !== name)
    throw new Error(`:${name} and :${at.variable.name} stand at one place`);
  at.variable ??= { name, branch: branch() };
  return at.variable.branch;
}

/** Without the slash at the end, if there is one. */
function segmentsOf(path: string): string[] {
  const inner = path.replace(/^\//, '').replace(/\/$/, '');
  return inner === '' ? [] : inner.split('/');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new LegacyError(400, 'The path is badly encoded');
  }
}
