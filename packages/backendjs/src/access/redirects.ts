import { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import type { LegacyRequest } from '../http/legacy-request.js';
import type { BackendjsSettings } from '../settings.js';
import { Patterns } from './patterns.js';

/** Redirects and rerouting by path, as the settings say. */
export class Redirects {
  readonly #allowSsl: Patterns;
  readonly #redirectSsl: Patterns;
  readonly #redirects: readonly (readonly [RegExp, string])[];
  readonly #logins: readonly (readonly [RegExp, string])[];
  readonly #routing: readonly (readonly [RegExp, string])[];

  constructor(settings: BackendjsSettings) {
    this.#allowSsl = new Patterns(settings.allowSsl);
    this.#redirectSsl = new Patterns(settings.redirectSsl);
    this.#redirects = compile(settings.redirects);
    this.#logins = compile(settings.loginRedirects);
    this.#routing = compile(settings.routing);
  }

  /** The path that serves `path`. The signature stays one of the path that was asked for. */
  route(path: string): string {
    return this.#routing.find(([expression]) => expression.test(path))?.[1] ?? path;
  }

  /** Where the request is sent on to, or null. Throws 400 where TLS is a must. */
  redirect(request: LegacyRequest, path: string): LegacyAnswer | null {
    const host = request.headers.host ?? '';
    if (!request.secure) {
      if (this.#redirectSsl.match(path)) return LegacyAnswer.redirect(`https://${host}${request.url}`);
      if (this.#allowSsl.match(path)) throw new LegacyError(400, 'SSL only access');
    }
    const found = this.#redirects.find(([expression]) => expression.test(`${host}${path}`));
    return found === undefined ? null : LegacyAnswer.redirect(fill(found[1], request, path));
  }

  /** Where who is refused with 401 to 499 is sent to sign in, or null. */
  login(request: LegacyRequest, refused: { readonly path: string; readonly status: number }): LegacyAnswer | null {
    if (refused.status < 401 || refused.status > 499) return null;
    const found = this.#logins.find(([expression]) => expression.test(refused.path));
    return found === undefined ? null : LegacyAnswer.redirect(fill(found[1], request, refused.path));
  }
}

function compile(rules: ReadonlyMap<string, string>): (readonly [RegExp, string])[] {
  return [...rules].map(([source, to]) => [new RegExp(source), to]);
}

function fill(template: string, request: LegacyRequest, path: string): string {
  const query = request.url.split('?', 2)[1] ?? '';
  const at = path.lastIndexOf('/');
  const values: Readonly<Record<string, string>> = {
    HOST: request.headers.host ?? '',
    PATH: path,
    URL: request.url,
    BASE: path.slice(at + 1),
    DIR: path.slice(0, at),
    QUERY: query,
  };
  return template.replace(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole).replace(/[\r\n]/g, '');
}
