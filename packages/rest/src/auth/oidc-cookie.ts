import type { Request } from 'express';

/**
 * The cookie that ties a sign-in at another provider to the browser that began it. Over https no other host, not even one
 * below the same domain, can set it in its place (`__Host-`); no script sees it, and no other site's requests bear it but
 * the provider's return.
 */
export class OidcCookie {
  readonly #name: string;
  readonly #attributes: string;

  constructor(publicUrl: URL) {
    const secure = publicUrl.protocol === 'https:';
    this.#name = secure ? '__Host-backside-oidc' : 'backside-oidc';
    this.#attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /** The value of `Set-Cookie` that keeps the secret. */
  keep(secret: string, maxAgeMs: number): string {
    return `${this.#name}=${secret}; Max-Age=${Math.max(0, Math.ceil(maxAgeMs / 1_000))}; ${this.#attributes}`;
  }

  /** The value of `Set-Cookie` that forgets it. */
  forget(): string {
    return `${this.#name}=; Max-Age=0; ${this.#attributes}`;
  }

  /** The secret that the browser sent; empty without one. */
  read(request: Request): string {
    const prefix = `${this.#name}=`;
    const pair = (request.headers.cookie ?? '').split(/; */).find((part) => part.startsWith(prefix));
    return pair?.slice(prefix.length) ?? '';
  }
}
