import { BacksideError } from '@backside/protocol';
import { createRemoteJWKSet, errors, type JWTVerifyGetKey, customFetch as keysFetch } from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  Configuration,
  customFetch,
  discovery,
  None,
  type ServerMetadata,
} from 'openid-client';
import { providerFetch, providerUnavailable } from './oidc-http.js';

/** Who to ask, from the configuration. */
export interface OidcClientConfig {
  readonly issuer: URL;
  readonly clientId: string;
  /** Without one this server is a public client, and PKCE alone protects the code. */
  readonly clientSecret?: string;
  /** Lets the issuer and its endpoints be `http:` on loopback. For tests. */
  readonly allowInsecureHttp?: boolean;
}

/** An issuer as it describes itself. */
export interface Discovered {
  /** As the metadata spell it, which is how tokens spell it; the same URL as configured. */
  readonly issuer: string;
  readonly client: Configuration;
  /** Signing keys, fetched when first needed, cached, fetched again for an unknown key at most every 30 seconds. */
  readonly keys: JWTVerifyGetKey;
}

/** Metadata are looked at again after this time; until that succeeds, the old ones hold. */
const MAX_AGE_MS = 3_600_000;
/** A failure is repeated to everybody who asks within this time, so that a provider in trouble is left in peace. */
const FAILURE_MS = 5_000;

/** Finds the issuer when it is first needed, never twice at once. Errors: `unavailable`. */
export class OidcDiscovery {
  readonly #config: OidcClientConfig;
  readonly #now: () => number;
  readonly #timeoutMs: number;
  #found: { readonly at: number; readonly value: Discovered } | null = null;
  #failed: { readonly at: number; readonly error: unknown } | null = null;
  #running: Promise<Discovered> | null = null;

  constructor(config: OidcClientConfig, now: () => number, timeoutMs: number) {
    this.#config = config;
    this.#now = now;
    this.#timeoutMs = timeoutMs;
  }

  async get(): Promise<Discovered> {
    const now = this.#now();
    if (this.#found !== null && now - this.#found.at < MAX_AGE_MS) return this.#found.value;
    if (this.#failed !== null && now - this.#failed.at < FAILURE_MS) return this.#foundOr(this.#failed.error);
    this.#running ??= this.#discover().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #discover(): Promise<Discovered> {
    try {
      const value = await discoverIssuer(this.#config, this.#timeoutMs);
      this.#found = { at: this.#now(), value };
      this.#failed = null;
      return value;
    } catch (error) {
      this.#failed = { at: this.#now(), error };
      return this.#foundOr(error);
    }
  }

  #foundOr(error: unknown): Discovered {
    if (this.#found !== null) return this.#found.value;
    throw error;
  }
}

async function discoverIssuer(config: OidcClientConfig, timeoutMs: number): Promise<Discovered> {
  try {
    const options = {
      [customFetch]: providerFetch,
      timeout: timeoutMs / 1000,
      ...(config.allowInsecureHttp === true ? { execute: [allowInsecureRequests] } : {}),
    };
    const first = await discovery(config.issuer, config.clientId, undefined, None(), options);
    const metadata = first.serverMetadata();
    const jwksUri = checkEndpoints(metadata, config);
    return {
      issuer: metadata.issuer,
      client: configure(metadata, config, timeoutMs),
      keys: remoteKeys(jwksUri, timeoutMs),
    };
  } catch (cause) {
    throw providerUnavailable(cause);
  }
}

/** The client, with the way to authenticate that the provider prefers. */
function configure(metadata: ServerMetadata, config: OidcClientConfig, timeoutMs: number): Configuration {
  const client = new Configuration(metadata, config.clientId, undefined, clientAuth(metadata, config.clientSecret));
  client.timeout = timeoutMs / 1000;
  client[customFetch] = providerFetch;
  if (config.allowInsecureHttp === true) allowInsecureRequests(client);
  return client;
}

function clientAuth(metadata: ServerMetadata, secret: string | undefined): ClientAuth {
  if (secret === undefined) return None();
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  return methods.includes('client_secret_basic') ? ClientSecretBasic(secret) : ClientSecretPost(secret);
}

/** Throws unless the metadata are the configured issuer's own and lead only to protected places; returns `jwks_uri`. */
function checkEndpoints(metadata: ServerMetadata, config: OidcClientConfig): URL {
  if (new URL(metadata.issuer).href !== config.issuer.href) throw new Error('metadata of another issuer');
  for (const endpoint of [metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri]) {
    if (endpoint === undefined) throw new Error('metadata lack an endpoint');
    assertProtected(new URL(endpoint), config.allowInsecureHttp === true);
  }
  return new URL(metadata.jwks_uri!);
}

/** Throws `invalid-data` unless the URL is `https:`, or `http:` on loopback where that is allowed. */
export function assertProtected(url: URL, allowInsecureHttp: boolean): void {
  if (url.protocol === 'https:') return;
  const loopback = ['localhost', '[::1]'].includes(url.hostname) || /^127(\.\d+){3}$/.test(url.hostname);
  if (allowInsecureHttp && loopback && url.protocol === 'http:') return;
  throw new BacksideError('invalid-data', 'A sign-in provider must be reached by https');
}

function remoteKeys(uri: URL, timeoutMs: number): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(uri, { timeoutDuration: timeoutMs, [keysFetch]: providerFetch });
  return async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      throw isFaultOfToken(error) ? error : providerUnavailable(error);
    }
  };
}

function isFaultOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
