import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';

const USERS = new Map([
  ['bob', { email: 'bob@example.org', email_verified: true, name: 'Bob' }],
  ['eve', { email: 'eve@example.org', email_verified: false, name: 'Eve' }],
]);

export interface RunningProvider {
  readonly issuer: URL;
  /** What an application that signs the user in by itself gets; good for a minute. */
  idToken(user: string): Promise<string>;
  stop(): void;
}

const CLIENT = { id: 'backside', secret: 'a secret of this test', own: 'https://app.example.com/own' };

/** A real provider on loopback; whoever comes is signed in as the user that the browser names. */
export async function startProvider(redirectUri: string): Promise<RunningProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const provider = new Provider(issuer.origin, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [redirectUri, CLIENT.own] }],
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
    cookies: { keys: ['only for this test'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id, ...USERS.get(id) }) }),
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
  });
  const standard = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return standard(request, response);
    const user = new URL(request.url, issuer).searchParams.get('user') ?? '';
    signInAs(provider, user, [request, response]).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const stop = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { issuer, stop, idToken: (user) => fetchIdToken(issuer, user) };
}

async function fetchIdToken(issuer: URL, user: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const start = new URL('/auth', issuer);
  start.search = new URLSearchParams({
    ...{ client_id: CLIENT.id, redirect_uri: CLIENT.own, response_type: 'code', scope: 'openid email profile' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  const back = await new Browser(user).follow(start, (url) => url.href.startsWith(CLIENT.own));
  const code = back.searchParams.get('code') ?? '';
  const response = await fetch(new URL('/token', issuer), {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${CLIENT.id}:${encodeURIComponent(CLIENT.secret)}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: CLIENT.own,
      code_verifier: verifier,
    }),
  });
  const { id_token: idToken } = (await response.json()) as { id_token?: string };
  if (idToken === undefined) throw new Error(`no id token: ${response.status}`);
  return idToken;
}

async function signInAs(
  provider: Provider,
  user: string,
  [request, response]: [IncomingMessage, ServerResponse],
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    const result = { login: { accountId: user } };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: session!.accountId!, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  const result = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

/** A browser: keeps the cookies of each origin, and follows redirects. */
export class Browser {
  readonly #user: string;
  readonly #cookies: Map<string, Map<string, string>> = new Map();

  constructor(user: string) {
    this.#user = user;
  }

  /** The whole `Set-Cookie` lines that the origin sent, newest last. */
  readonly cookieLines: string[] = [];

  /** Follows redirects from `start` until one leads to where `stop` says, and returns that address without going there. */
  async follow(start: string | URL, stop: (url: URL) => boolean): Promise<URL> {
    let url = new URL(start);
    for (let hops = 0; hops < 15; hops += 1) {
      const response = await this.get(url);
      const location = response.headers.get('location');
      if (location === null) throw new Error(`stuck at ${url.pathname}: ${response.status} ${await response.text()}`);
      url = new URL(location, url);
      if (stop(url)) return url;
    }
    throw new Error('too many redirects');
  }

  async get(target: string | URL): Promise<Response> {
    const url = new URL(target);
    if (url.pathname.startsWith('/interaction/')) url.searchParams.set('user', this.#user);
    const jar = this.#cookies.get(url.origin) ?? new Map<string, string>();
    this.#cookies.set(url.origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      this.cookieLines.push(line);
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      if (/max-age=0(;|$)/i.test(line)) jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  setCookie(origin: string, name: string, value: string): void {
    this.#cookies.set(origin, new Map([[name, value]]));
  }
}
