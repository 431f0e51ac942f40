import { LegacyError } from '../http/legacy-error.js';
import type { BackendjsSettings } from '../settings.js';
import { Patterns } from './patterns.js';

/** What a request needs: nothing, credentials that may be missing, or credentials. */
export type Need = 'nothing' | 'optional' | 'credentials';

/** Which paths are open, closed, and for whom, as the settings say (section 1.5). Made once for each set of settings. */
export class AccessLists {
  readonly #denyIp: Patterns;
  readonly #deny: Patterns;
  readonly #allowIp: Patterns;
  readonly #allow: Patterns;
  readonly #ignoreAllow: Patterns;
  readonly #anonymous: Patterns;
  readonly #admin: Patterns;
  readonly #authenticated: Patterns;
  readonly #noSession: Patterns;
  readonly #denyType: ReadonlyMap<string, Patterns>;
  readonly #allowType: ReadonlyMap<string, Patterns>;

  constructor(settings: BackendjsSettings) {
    this.#denyIp = new Patterns(settings.denyIp);
    this.#deny = new Patterns(settings.deny);
    this.#allowIp = new Patterns(settings.allowIp);
    this.#allow = new Patterns(settings.allow);
    this.#ignoreAllow = new Patterns(settings.ignoreAllow);
    this.#anonymous = new Patterns(settings.allowAnonymous);
    this.#admin = new Patterns(settings.allowAdmin);
    this.#authenticated = new Patterns(settings.allowAuthenticated);
    this.#noSession = new Patterns(settings.disableSession);
    this.#denyType = byType(settings.denyAccount);
    this.#allowType = byType(settings.allowAccount);
  }

  /** Throws 403 for addresses and paths that are refused whoever asks. */
  need(path: string, address: string): Need {
    if (this.#denyIp.match(address) || this.#deny.match(path)) throw new LegacyError(403, 'Access denied');
    const open = this.#allowIp.match(address) || this.#allow.match(path);
    if (open && !this.#ignoreAllow.match(path)) return 'nothing';
    return this.#anonymous.match(path) ? 'optional' : 'credentials';
  }

  /** Whether a cookie counts at this path. */
  takesSessions(path: string): boolean {
    return !this.#noSession.match(path);
  }

  /** Throws 401 unless an account of these types may have the path; admins may have all. */
  authorize(path: string, caller: { readonly types: readonly string[]; readonly isAdmin: boolean }): void {
    if (caller.isAdmin) return;
    if (this.#admin.match(path)) throw restricted();
    const denied = caller.types.some((type) => this.#denyType.get(type)?.match(path) === true);
    if (denied) throw new LegacyError(401, 'Access denied', 'DENY');
    if (this.#authenticated.match(path)) return;
    const rules = [...this.#allowType].filter(([, patterns]) => patterns.match(path));
    if (rules.length === 0 || rules.some(([type]) => caller.types.includes(type))) return;
    throw new LegacyError(401, 'Access is not allowed', 'ALLOW');
  }
}

/** What somebody is told who is no admin. */
export function restricted(): LegacyError {
  return new LegacyError(401, 'Restricted access', 'ADMIN');
}

function byType(lists: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, Patterns> {
  return new Map([...lists].map(([type, sources]) => [type, new Patterns(sources)]));
}
