import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 'a1.';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_CHARS = 8_192;

/** An access token: the text under AES-256-GCM, behind a version. Whoever lacks `secret` can neither read nor make one. */
export function sealToken(text: string, secret: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret), iv);
  const sealed = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return VERSION + sealed.toString('base64url');
}

/** What was sealed, or null for anything else. With `legacy` also the original's form: AES-192-CBC in hex, unauthenticated. */
export function openToken(
  token: string,
  { secret, legacy }: { readonly secret: string; readonly legacy: boolean },
): string | null {
  if (secret === '' || token.length > MAX_CHARS) return null;
  try {
    if (token.startsWith(VERSION)) return openSealed(token.slice(VERSION.length), secret);
    return legacy ? openLegacy(token, secret) : null;
  } catch {
    return null; // Altered, cut, or sealed with another secret: it says nothing that could be told apart.
  }
}

function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'backside legacy access token 1', 32));
}

function openSealed(text: string, secret: string): string {
  const sealed = Buffer.from(text, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret), sealed.subarray(0, IV_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const opened = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
  return opened.toString();
}

function openLegacy(hex: string, secret: string): string {
  const { key, iv } = legacyKey(secret);
  const decipher = createDecipheriv('aes-192-cbc', key, iv);
  return decipher.update(hex, 'hex', 'utf8') + decipher.final('utf8');
}

/** OpenSSL's EVP_BytesToKey: MD5, one round, no salt. */
function legacyKey(secret: string): { key: Buffer; iv: Buffer } {
  let block = Buffer.alloc(0);
  let material = Buffer.alloc(0);
  while (material.length < 24 + 16) {
    block = createHash('md5').update(block).update(secret).digest();
    material = Buffer.concat([material, block]);
  }
  return { key: material.subarray(0, 24), iv: material.subarray(24, 40) };
}
