import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { BacksideError } from '@backside/protocol';
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server';
import { parseAuthentication, parseRegistration } from './webauthn-response.js';

/** Loaded with the first passkey: it is large, and would double the time that a server takes to start. */
const webauthn = (): Promise<typeof import('@simplewebauthn/server')> => import('@simplewebauthn/server');

/** A passkey as it is kept with its account. */
export interface Passkey {
  /** Base64url, up to 1,364 characters: no tree key; the SHA-256 of it is one. */
  readonly id: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  /** Signatures so far, as the authenticator counts them; 0 for ever if it does not count. */
  readonly counter: number;
  /** How the browser may reach the authenticator; hints for `authenticationOptions`. */
  readonly transports: readonly string[];
  /** Whether it is copied between the user's devices. */
  readonly backedUp: boolean;
}

/** Options for the browser, and the challenge that the caller keeps: for this user or browser, one use, a few minutes. */
interface Ceremony<Options> {
  readonly challenge: string;
  readonly options: Options;
}

interface PasskeyUser {
  readonly uid: string;
  /** Shown by the browser when it offers the passkey. */
  readonly name: string;
  /** Not to be registered again. */
  readonly passkeys: readonly Passkey[];
}

interface PasskeyProof {
  readonly challenge: string;
  /** The body as the client sent it. */
  readonly response: unknown;
  /** The one that `passkeyId` of the response names. */
  readonly passkey: Passkey;
  /** Whose passkey it is. */
  readonly uid: string;
}

/** Sign-in by WebAuthn (Level 2). A passkey proves possession and, as user verification is required, presence of its owner. */
export interface Passkeys {
  registrationOptions(user: PasskeyUser): Promise<Ceremony<PublicKeyCredentialCreationOptionsJSON>>;
  /** The new passkey, which the caller must refuse if its id is already known. Rejects `invalid-data`. */
  verifyRegistration(proof: { readonly challenge: string; readonly response: unknown }): Promise<Passkey>;
  /** Without passkeys the browser offers all that it has for this site. */
  authenticationOptions(passkeys?: readonly Passkey[]): Promise<Ceremony<PublicKeyCredentialRequestOptionsJSON>>;
  /** The id of the passkey that a response claims to come from, or null if it is no response at all. */
  passkeyId(response: unknown): string | null;
  /**
   * The passkey with its new counter, to be stored. Rejects `unauthenticated` for anything else than a fresh proof for this
   * site by this passkey, also if the counter did not grow: a copy of the authenticator may be about.
   */
  verifyAuthentication(proof: PasskeyProof): Promise<Passkey>;
}

export interface PasskeyConfig {
  /** The application's name, shown by the browser. */
  readonly name: string;
  /** Where users reach the application: its origin is the only one accepted, its host name the relying party. */
  readonly publicUrl: URL;
}

/** Throws `invalid-data` for a URL where browsers have no passkeys: plain http beyond localhost, or an IP address. */
export function createPasskeys(config: PasskeyConfig): Passkeys {
  const { protocol, hostname } = config.publicUrl;
  const secure = protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
  if (!secure || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0) {
    throw new BacksideError('invalid-data', 'Passkeys need a public URL with https and a host name');
  }
  return new SitePasskeys(config);
}

class SitePasskeys implements Passkeys {
  readonly #name: string;
  readonly #site: { readonly expectedOrigin: string; readonly expectedRPID: string };

  constructor({ name, publicUrl }: PasskeyConfig) {
    this.#name = name;
    this.#site = { expectedOrigin: publicUrl.origin, expectedRPID: publicUrl.hostname };
  }

  async registrationOptions(user: PasskeyUser): Promise<Ceremony<PublicKeyCredentialCreationOptionsJSON>> {
    const { generateRegistrationOptions } = await webauthn();
    const options = await generateRegistrationOptions({
      rpName: this.#name,
      rpID: this.#site.expectedRPID,
      userName: user.name,
      userID: new Uint8Array(userHandle(user.uid)),
      attestationType: 'none',
      excludeCredentials: user.passkeys.map(descriptor),
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    });
    return { challenge: options.challenge, options };
  }

  async verifyRegistration(proof: { readonly challenge: string; readonly response: unknown }): Promise<Passkey> {
    try {
      const response = parseRegistration(proof.response);
      const expected = { ...this.#site, expectedChallenge: proof.challenge, requireUserVerification: true };
      const { verifyRegistrationResponse } = await webauthn();
      const { verified, registrationInfo } = await verifyRegistrationResponse({ response, ...expected });
      if (!verified) throw new Error('not verified');
      const { credential, credentialBackedUp } = registrationInfo;
      if (credential.id !== response.id) throw new Error('id does not match');
      return {
        id: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: response.response.transports ?? [],
        backedUp: credentialBackedUp,
      };
    } catch (cause) {
      throw new BacksideError('invalid-data', 'The passkey could not be registered', { cause });
    }
  }

  async authenticationOptions(
    passkeys: readonly Passkey[] = [],
  ): Promise<Ceremony<PublicKeyCredentialRequestOptionsJSON>> {
    const { generateAuthenticationOptions } = await webauthn();
    const options = await generateAuthenticationOptions({
      rpID: this.#site.expectedRPID,
      allowCredentials: passkeys.map(descriptor),
      userVerification: 'required',
    });
    return { challenge: options.challenge, options };
  }

  passkeyId(response: unknown): string | null {
    try {
      return parseAuthentication(response).id;
    } catch {
      return null; // Not a response: that is the answer.
    }
  }

  async verifyAuthentication(proof: PasskeyProof): Promise<Passkey> {
    const { passkey } = proof;
    try {
      const response = parseAuthentication(proof.response);
      if (response.id !== passkey.id) throw new Error('another passkey');
      const handle = response.response.userHandle;
      if (handle !== undefined && handle !== userHandle(proof.uid).toString('base64url'))
        throw new Error('another user');
      const { verifyAuthenticationResponse } = await webauthn();
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response,
        ...this.#site,
        expectedChallenge: proof.challenge,
        requireUserVerification: true,
        credential: {
          id: passkey.id,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
          counter: passkey.counter,
        },
      });
      if (!verified) throw new Error('signature does not match');
      return { ...passkey, counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp };
    } catch (cause) {
      throw new BacksideError('unauthenticated', undefined, { cause });
    }
  }
}

/** What the authenticator keeps instead of the uid: short, and telling nothing to whoever reads it out. */
function userHandle(uid: string): Buffer {
  return createHash('sha256').update(`passkey-user:${uid}`).digest();
}

function descriptor(passkey: Passkey): { id: string; transports: string[] } {
  return { id: passkey.id, transports: [...passkey.transports] };
}
