import type { Principal } from '@backside/protocol';
import type { Basis } from '@backside/security';
import { type Leaf, type Path, parsePath, readLeaf } from '@backside/tree';
import { ALLOWED, type Authorizer, type Decision, type ReadRequest } from '../authorizer.js';

/** What a rule of a test can look at; each look becomes part of the basis. */
class Look {
  readonly #request: ReadRequest;
  readonly #paths: Path[] = [];
  #usesAuth = false;
  #usesNow = false;

  constructor(request: ReadRequest) {
    this.#request = request;
  }

  at(path: string): Leaf | null {
    const keys = parsePath(path);
    this.#paths.push(keys);
    return readLeaf(this.#request.root, keys);
  }

  get uid(): string | null {
    this.#usesAuth = true;
    const { principal } = this.#request;
    return principal.kind === 'user' ? principal.uid : null;
  }

  get now(): number {
    this.#usesNow = true;
    return this.#request.now;
  }

  get path(): string {
    return this.#request.path.join('/');
  }

  basis(): Basis {
    return { paths: this.#paths, usesAuth: this.#usesAuth, usesNow: this.#usesNow };
  }
}

export type LookRule = (look: Look) => boolean;

/** Decides reads by one function of what it looks at, and counts how often it is asked. Writes are open. */
export class LookAuthorizer implements Authorizer {
  #rule: LookRule;
  #changed: () => void = () => {};
  decisions = 0;

  constructor(rule: LookRule) {
    this.#rule = rule;
  }

  read(request: ReadRequest): Decision {
    this.decisions += 1;
    const look = new Look(request);
    const allowed = this.#rule(look);
    const basis = request.tracked ? look.basis() : null;
    return allowed ? { allowed, basis } : { allowed, basis, trace: `trace-${this.decisions}` };
  }

  write(): Decision {
    return ALLOWED;
  }

  onChange(changed: () => void): () => void {
    this.#changed = changed;
    return () => {
      this.#changed = () => {};
    };
  }

  /** Puts another rule in force. */
  replace(rule: LookRule): void {
    this.#rule = rule;
    this.#changed();
  }
}

export function user(uid: string, claims: Readonly<Record<string, unknown>> = {}): Principal {
  return { kind: 'user', uid, provider: 'password', claims };
}
