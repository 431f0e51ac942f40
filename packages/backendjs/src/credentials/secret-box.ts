import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { BacksideError } from '@backside/protocol';

const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts what must be readable again, such as signing secrets: AES-256-GCM, bound to what it belongs to, so that no sealed text can be
 * moved to another row. A sealed text says which key it needs.
 */
export class SecretBox {
  readonly #key: Uint8Array;
  readonly #keyName: string;

  /** Throws `invalid-data` unless the key has 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new BacksideError('invalid-data', `The secret key has ${KEY_BYTES} bytes`);
    this.#key = key;
    this.#keyName = createHash('sha256').update('key name').update(key).digest('base64url').slice(0, 6);
  }

  seal(text: string, belongsTo: string): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(belongsTo));
    const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${this.#keyName}.${sealed.toString('base64url')}`;
  }

  /** Throws an error that says what is wrong with the key or the text; of a row it is the operator's to mend. */
  open(sealedText: string, belongsTo: string): string {
    const [keyName, body = ''] = sealedText.split('.', 2);
    if (keyName !== this.#keyName) throw new Error('the text was encrypted with another secret key');
    const sealed = Buffer.from(body, 'base64url');
    const iv = sealed.subarray(0, IV_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(belongsTo)).setAuthTag(sealed.subarray(-TAG_BYTES));
    const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return text.toString();
  }
}
