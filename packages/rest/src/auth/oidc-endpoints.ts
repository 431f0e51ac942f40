import type { FederatedResult, FederatedStart } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import { type Call, type Endpoint, fieldsOf, pathPart, queryValue } from '../endpoint.js';
import { optional, text } from '../fields.js';
import type { Reply } from '../reply.js';
import type { RestOptions } from '../rest-options.js';
import { type CheckRedirect, createCheckRedirect } from './allowed-redirects.js';
import { OidcCookie } from './oidc-cookie.js';
import { returnAddress, withResult } from './return-address.js';
import { SECRET, TOKEN } from './sign-in-endpoints.js';
import { clientOf, signInReply } from './sign-in-reply.js';

type OidcOptions = Pick<RestOptions, 'publicUrl' | 'allowedRedirects' | 'databases' | 'now'>;

/** Sign-in through OpenID Connect providers: the code flow of browsers, and id tokens of clients that have one. */
export function oidcEndpoints(options: OidcOptions): readonly Endpoint[] {
  const flow = new OidcFlow(options);
  return [
    { method: 'get', path: '/auth/oidc/:provider', access: 'anyone', serve: (call) => flow.start(call) },
    { method: 'get', path: '/auth/oidc/:provider/callback', access: 'anyone', serve: (call) => flow.finish(call) },
    { method: 'post', path: '/auth/oidc/:provider', access: 'anyone', serve: signInByIdToken },
    { method: 'post', path: '/auth/oidc/:provider/link', access: 'account', serve: (call) => flow.link(call) },
    { method: 'delete', path: '/auth/oidc/:provider', access: 'account', serve: unlink },
  ];
}

async function signInByIdToken(call: Call): Promise<Reply> {
  const { idToken, nonce } = fieldsOf(call, { idToken: TOKEN, nonce: optional(text()) });
  const provider = pathPart(call, 'provider');
  return signInReply(await call.auth.federated.idToken({ provider, idToken, nonce }, clientOf(call)));
}

async function unlink(call: Call): Promise<Reply> {
  const { password } = fieldsOf(call, { password: optional(SECRET) });
  await call.auth.federated.unlink(call.principal, { provider: pathPart(call, 'provider'), password }, clientOf(call));
  return {};
}

class OidcFlow {
  readonly #options: OidcOptions;
  readonly #checkRedirect: CheckRedirect;
  readonly #cookie: OidcCookie;

  constructor(options: OidcOptions) {
    this.#options = options;
    this.#checkRedirect = createCheckRedirect(options.allowedRedirects ?? []);
    this.#cookie = new OidcCookie(options.publicUrl);
  }

  /** Sends the browser to the provider. */
  async start(call: Call): Promise<Reply> {
    const returnTo = this.#returnTo({ returnTo: queryValue(call, 'returnTo'), state: queryValue(call, 'state') });
    const provider = pathPart(call, 'provider');
    const redirectUri = this.#callbackUrl(call, provider);
    const started = await call.auth.federated.start({ provider, redirectUri, returnTo }, clientOf(call));
    return { status: 303, headers: { location: started.url, ...this.#keepSecret(started) } };
  }

  /** Tells a page where to send the browser, so that the identity there is linked to the account that calls. */
  async link(call: Call): Promise<Reply> {
    const request = fieldsOf(call, {
      returnTo: optional(text(2_048)),
      state: optional(text()),
      password: optional(SECRET),
    });
    const provider = pathPart(call, 'provider');
    const started = await call.auth.federated.start(
      {
        provider,
        redirectUri: this.#callbackUrl(call, provider),
        returnTo: this.#returnTo(request),
        actor: call.principal,
        password: request.password,
      },
      clientOf(call),
    );
    return { json: { url: started.url }, headers: this.#keepSecret(started) };
  }

  /** The browser comes back from the provider: back to the application with the result, a refusal too, or the result itself. */
  async finish(call: Call): Promise<Reply> {
    const code = queryValue(call, 'code');
    const state = queryValue(call, 'state');
    const error = queryValue(call, 'error');
    if (state === undefined || (code === undefined && error === undefined)) throw new BacksideError('unauthenticated');
    const result = await call.auth.federated.finish(
      {
        provider: pathPart(call, 'provider'),
        state,
        code,
        error,
        iss: queryValue(call, 'iss'),
        browserSecret: this.#cookie.read(call.request),
      },
      clientOf(call),
    );
    const reply = this.#finished(result);
    return { ...reply, headers: { ...reply.headers, 'set-cookie': this.#cookie.forget() } };
  }

  #finished({ returnTo, ...result }: FederatedResult): Reply {
    if (returnTo !== null) return { status: 303, headers: { location: withResult(returnTo, result) } };
    if (result.kind === 'refused') throw result.error;
    return result.kind === 'linked' ? { json: { linked: true } } : signInReply(result);
  }

  #returnTo(wish: { returnTo?: string | undefined; state?: string | undefined }): string | undefined {
    return wish.returnTo === undefined ? undefined : returnAddress(this.#checkRedirect(wish.returnTo), wish.state);
  }

  #keepSecret({ browserSecret, expiresAt }: FederatedStart): { 'set-cookie': string } {
    return { 'set-cookie': this.#cookie.keep(browserSecret, expiresAt - this.#options.now()) };
  }

  /** What is to be registered at the provider; it names the database where the server has more than one. */
  #callbackUrl({ database }: Call, provider: string): string {
    const { publicUrl, databases } = this.#options;
    const base = publicUrl.href.replace(/[?#].*$/, '').replace(/\/?$/, '/');
    const url = new URL(`auth/oidc/${encodeURIComponent(provider)}/callback`, base);
    if (databases.length > 1) url.searchParams.set('ns', database.name);
    return url.href;
  }
}
