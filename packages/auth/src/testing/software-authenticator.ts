import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What a test may bend: each is as an honest authenticator and browser have it by default. */
export interface Behaviour {
  readonly origin: string;
  readonly rpId: string;
  readonly type: string;
  readonly challenge: string;
  readonly userVerified: boolean;
  readonly counter: number;
  readonly userHandle: string | undefined;
  readonly attestation: { readonly format: string; readonly statement: ReadonlyMap<string, unknown> };
  readonly key: KeyObject;
}

export type Bent = Partial<Behaviour>;

const NO_ATTESTATION = { format: 'none', statement: new Map<string, unknown>() };
/** Flags of authenticator data: user present, user verified, attested credential data included. */
const [UP, UV, AT] = [1, 4, 64];

/** A passkey in software together with its browser: ES256, one credential, responses as a page would send them. */
export class SoftwareAuthenticator {
  readonly id: Buffer = randomBytes(32);
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #site: { readonly origin: string; readonly rpId: string };
  counter = 0;

  constructor(origin: string) {
    this.#site = { origin, rpId: new URL(origin).hostname };
  }

  create(challenge: string, bent: Bent = {}): Record<string, unknown> {
    const behaviour = this.#behaviour(challenge, 'webauthn.create', bent);
    const length = Buffer.from([this.id.length >> 8, this.id.length & 255]);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, this.#publicKey()]);
    const { format, statement } = behaviour.attestation;
    const attestation = new Map<string, unknown>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', Buffer.concat([authenticatorData(behaviour, AT), attested])],
    ]);
    return this.#credential({
      clientDataJSON: clientData(behaviour).toString('base64url'),
      attestationObject: cbor(attestation).toString('base64url'),
      transports: ['internal'],
    });
  }

  get(challenge: string, bent: Bent = {}): Record<string, unknown> {
    this.counter += 1;
    const behaviour = this.#behaviour(challenge, 'webauthn.get', bent);
    const client = clientData(behaviour);
    const data = authenticatorData(behaviour, 0);
    const signed = Buffer.concat([data, createHash('sha256').update(client).digest()]);
    return this.#credential({
      clientDataJSON: client.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign('sha256', signed, behaviour.key).toString('base64url'),
      ...(behaviour.userHandle === undefined ? {} : { userHandle: behaviour.userHandle }),
    });
  }

  #behaviour(challenge: string, type: string, bent: Bent): Behaviour {
    const honest = { ...this.#site, type, challenge, userVerified: true, counter: this.counter, userHandle: undefined };
    return { ...honest, attestation: NO_ATTESTATION, key: this.#keys.privateKey, ...bent };
  }

  #credential(response: Record<string, unknown>): Record<string, unknown> {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  /** COSE (RFC 9053): kty 2, alg −7, crv 1, x, y. */
  #publicKey(): Buffer {
    const { x, y } = this.#keys.publicKey.export({ format: 'jwk' });
    const coordinate = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url');
    return cbor(
      new Map<number, unknown>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, coordinate(x)],
        [-3, coordinate(y)],
      ]),
    );
  }
}

function clientData({ type, challenge, origin }: Behaviour): Buffer {
  return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
}

function authenticatorData({ rpId, userVerified, counter }: Behaviour, more: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(UP! | (userVerified ? UV! : 0) | more, 0);
  head.writeUInt32BE(counter, 1);
  return Buffer.concat([createHash('sha256').update(rpId).digest(), head]);
}

/** CBOR (RFC 8949) of maps, lists, byte strings, texts and small integers. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') return value < 0 ? initial(1, -1 - value) : initial(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([initial(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([initial(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([initial(4, value.length), ...value.map(cbor)]);
  if (value instanceof Map) {
    return Buffer.concat([initial(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])]);
  }
  throw new TypeError('not encodable here');
}

function initial(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  if (count < 256) return Buffer.from([(major << 5) | 24, count]);
  return Buffer.from([(major << 5) | 25, count >> 8, count & 255]);
}
