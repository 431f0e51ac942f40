import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

export interface Signing extends Partial<JWTHeaderParameters> {
  readonly by?: KeyObject | Uint8Array;
}

/** An issuer by hand, which can be made to misbehave in any way. */
export class HandmadeIssuer {
  readonly publicKey: KeyObject = rsa.publicKey;
  readonly requests: string[] = [];
  readonly #server: Server = createServer();
  /** Answers by path, JSON unless they are functions. */
  readonly answers: Map<string, unknown> = new Map();

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#server.on('request', (request, response) => {
      const path = request.url ?? '';
      this.requests.push(path);
      const answer = this.answers.get(path);
      if (typeof answer === 'function') (answer as RequestListener)(request, response);
      else if (answer === undefined) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    this.answers.set('/.well-known/openid-configuration', this.metadata());
    this.answers.set('/keys', { keys: [await publicJwk(rsa.publicKey, 'a')] });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  metadata(fields: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/keys`,
      ...fields,
    };
  }

  /** Signed with the published key and named after it, unless `signing` says otherwise. */
  sign(payload: JWTPayload, { by = rsa.privateKey, ...header }: Signing = {}): Promise<string> {
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'a', ...header }).sign(by);
  }

  /** Good for five minutes. */
  claims(nowMs: number, fields: JWTPayload = {}): JWTPayload {
    const seconds = nowMs / 1000;
    return { iss: this.url, aud: 'us', sub: 'bob', iat: seconds, exp: seconds + 300, ...fields };
  }

  count(path: string): number {
    return this.requests.filter((request) => request === path).length;
  }
}

export async function publicJwk(key: KeyObject, kid: string): Promise<Record<string, unknown>> {
  return { ...(await exportJWK(key)), kid, use: 'sig' };
}
