import { BacksideError } from '@backside/protocol';

/** What the server wants of the browser's WebAuthn, its octets as base64url. */
export interface PasskeyCeremony {
  readonly ceremony: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A credential as the server reads it. */
type CredentialJson = Readonly<Record<string, unknown>>;

interface Descriptor {
  readonly id: string;
  readonly type: 'public-key';
}

/** Has the user make a passkey. Rejects with `timeout` if none was made, `precondition-failed` if the device has one of this account. */
export async function makePasskey({ options }: PasskeyCeremony): Promise<CredentialJson> {
  const { challenge, user, excludeCredentials, ...rest } = options as {
    challenge: string;
    user: { id: string };
    excludeCredentials?: Descriptor[];
  };
  const publicKey = {
    ...rest,
    challenge: octetsOf(challenge),
    user: { ...user, id: octetsOf(user.id) },
    excludeCredentials: excludeCredentials?.map(descriptorOf) ?? [],
  } as unknown as PublicKeyCredentialCreationOptions;
  const credential = await chosen(credentials().create({ publicKey }));
  const response = credential.response as AuthenticatorAttestationResponse;
  return jsonOf(credential, {
    attestationObject: textOf(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
}

/** Has the user choose a passkey. Rejects with `timeout` if none was. */
export async function choosePasskey({ options }: PasskeyCeremony, signal?: AbortSignal): Promise<CredentialJson> {
  const { challenge, allowCredentials, ...rest } = options as { challenge: string; allowCredentials?: Descriptor[] };
  const publicKey = {
    ...rest,
    challenge: octetsOf(challenge),
    allowCredentials: allowCredentials?.map(descriptorOf) ?? [],
  };
  const credential = await chosen(credentials().get({ publicKey, ...(signal && { signal }) }));
  const { authenticatorData, signature, userHandle } = credential.response as AuthenticatorAssertionResponse;
  return jsonOf(credential, {
    authenticatorData: textOf(authenticatorData),
    signature: textOf(signature),
    ...(userHandle && { userHandle: textOf(userHandle) }),
  });
}

function credentials(): CredentialsContainer {
  const found = (globalThis.navigator as Navigator | undefined)?.credentials;
  if (found === undefined) throw new Error('passkeys need a browser, and a page that came over https');
  return found;
}

/** Browsers tell little of why nothing was chosen, so that pages cannot find out who has a passkey. */
async function chosen(choice: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    return (await choice) as PublicKeyCredential;
  } catch (cause) {
    const { name } = cause as DOMException;
    if (name === 'NotAllowedError') throw new BacksideError('timeout', 'no passkey was chosen', { cause });
    if (name === 'InvalidStateError')
      throw new BacksideError('precondition-failed', 'this device has a passkey already', { cause });
    throw cause;
  }
}

function jsonOf(credential: PublicKeyCredential, response: CredentialJson): CredentialJson {
  const { id, type } = credential;
  const { clientDataJSON } = credential.response;
  return { id, rawId: id, type, response: { clientDataJSON: textOf(clientDataJSON), ...response } };
}

function descriptorOf({ id, ...rest }: Descriptor): PublicKeyCredentialDescriptor {
  return { ...rest, id: octetsOf(id) };
}

function octetsOf(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function textOf(octets: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(octets), (octet) => String.fromCharCode(octet)).join('');
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}
