import { createHash } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import {
  buildAuthorizationUrl,
  genericGrantRequest,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { assertProtected, type Discovered, type OidcClientConfig, OidcDiscovery } from './oidc-discovery.js';
import { providerUnavailable, unavailableBelow } from './oidc-http.js';
import { type OidcIdentity, verifyIdTokenClaims } from './oidc-id-token.js';

/** An OpenID Connect issuer that users may sign in with. */
export interface OidcConfig extends OidcClientConfig {
  /** Names the provider in paths and in accounts: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Default `openid email profile`; `openid` is always asked for. */
  readonly scopes?: readonly string[];
  /** Further audiences whose ID tokens are taken: the application's other clients at the same issuer. */
  readonly audience?: string | readonly string[];
}

export interface OidcOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Bound of each request to the provider. Default 5,000. */
  readonly timeoutMs?: number;
}

/** What the browser is sent to the provider with. All but `redirectUri` are fresh for each sign-in and kept by the caller. */
interface AuthorizationRequest {
  /** Under the configured public URL, and registered with the provider. One that belongs to this provider alone. */
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  /** `pkceChallenge` of the verifier. */
  readonly codeChallenge: string;
}

/** What the browser came back with, and what was kept. The caller has compared `state`. */
interface CodeExchange {
  readonly code: string;
  readonly codeVerifier: string;
  /** The same text as in the authorization request. */
  readonly redirectUri: string;
  readonly nonce: string;
  /** The `iss` that the browser came back with, if any: must be this issuer (RFC 9207). */
  readonly iss?: string;
}

/**
 * One issuer. Every method rejects `unavailable` if the issuer does not answer as it should, and `unauthenticated`, with the
 * reason as `cause` only, if what was shown is not good.
 */
export interface OidcProvider {
  readonly name: string;
  /** As configured; tokens may spell the same URL otherwise, such as without the last slash. */
  readonly issuer: URL;
  /** For clients that got an ID token by themselves. Give the nonce if this server made it. */
  verifyIdToken(idToken: string, options?: { readonly nonce?: string }): Promise<OidcIdentity>;
  authorizationUrl(request: AuthorizationRequest): Promise<URL>;
  /** Trades the code for an ID token and verifies it, signature included. A code works once. */
  exchange(exchange: CodeExchange): Promise<OidcIdentity>;
}

const NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

/** Nothing is asked of the issuer until it is needed. Throws `invalid-data` for a configuration that cannot be safe. */
export function createOidcProvider(config: OidcConfig, options: OidcOptions): OidcProvider {
  if (!NAME.test(config.name)) throw new BacksideError('invalid-data', 'Not a name for a sign-in provider');
  assertProtected(config.issuer, config.allowInsecureHttp === true);
  return new IssuerProvider(config, options);
}

/** The S256 challenge of a PKCE verifier (RFC 7636). */
export function pkceChallenge(codeVerifier: string): string {
  return createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
}

class IssuerProvider implements OidcProvider {
  readonly name: string;
  readonly issuer: URL;
  readonly #config: OidcConfig;
  readonly #now: () => number;
  readonly #discovery: OidcDiscovery;

  constructor(config: OidcConfig, options: OidcOptions) {
    this.name = config.name;
    this.issuer = config.issuer;
    this.#config = config;
    this.#now = options.now;
    this.#discovery = new OidcDiscovery(config, options.now, options.timeoutMs ?? 5_000);
  }

  async verifyIdToken(idToken: string, options: { readonly nonce?: string } = {}): Promise<OidcIdentity> {
    return this.#verify(await this.#discovery.get(), idToken, options.nonce ?? null);
  }

  async authorizationUrl(request: AuthorizationRequest): Promise<URL> {
    const { client } = await this.#discovery.get();
    return buildAuthorizationUrl(client, {
      response_type: 'code',
      scope: [...new Set(['openid', ...(this.#config.scopes ?? ['email', 'profile'])])].join(' '),
      redirect_uri: request.redirectUri,
      state: request.state,
      nonce: request.nonce,
      code_challenge: request.codeChallenge,
      code_challenge_method: 'S256',
    });
  }

  async exchange(exchange: CodeExchange): Promise<OidcIdentity> {
    const found = await this.#discovery.get();
    if (exchange.iss !== undefined && exchange.iss !== found.issuer)
      throw refused(new Error('answer of another issuer'));
    return this.#verify(found, await redeemCode(found, exchange), exchange.nonce);
  }

  async #verify(found: Discovered, idToken: string, nonce: string | null): Promise<OidcIdentity> {
    const { clientId, audience = [] } = this.#config;
    const audiences = [clientId, ...(typeof audience === 'string' ? [audience] : audience)];
    try {
      const expected = { issuer: found.issuer, audiences, keys: found.keys, now: this.#now(), nonce };
      return await verifyIdTokenClaims(idToken, expected);
    } catch (error) {
      throw unavailableBelow(error) ?? refused(error);
    }
  }
}

/** The grant is asked for as such, not through a callback URL, because a redirect URI may have a query of its own. */
async function redeemCode(found: Discovered, exchange: CodeExchange): Promise<string> {
  try {
    const tokens = await genericGrantRequest(found.client, 'authorization_code', {
      code: exchange.code,
      code_verifier: exchange.codeVerifier,
      redirect_uri: exchange.redirectUri,
    });
    if (tokens.id_token === undefined) throw new Error('no ID token in the answer');
    return tokens.id_token;
  } catch (error) {
    throw unavailableBelow(error) ?? (isOurFault(error) ? providerUnavailable(error) : refused(error));
  }
}

/** The provider refuses this server, not the user: it wants other credentials of the client. */
function isOurFault(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError) return true;
  return error instanceof ResponseBodyError && ['invalid_client', 'unauthorized_client'].includes(error.error);
}

function refused(cause: unknown): BacksideError {
  return new BacksideError('unauthenticated', undefined, { cause });
}
