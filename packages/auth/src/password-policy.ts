import { BacksideError } from '@backside/protocol';

/** In UTF-8: far more than anybody types, far less than would be work to hash. */
const MAX_BYTES = 1024;

const COMMON: ReadonlySet<string> = new Set(
  (
    '12345678 123456789 1234567890 password password1 passw0rd qwertyui qwertyuiop qwerty123 11111111 00000000 iloveyou ' +
    'sunshine princess football baseball welcome1 letmein1 trustno1 superman asdfghjk asdfghjkl 1q2w3e4r 1qaz2wsx abcd1234 ' +
    'abc12345 a1b2c3d4 changeme administrator'
  ).split(' '),
);

/** Whether it can be anybody's password at all; nothing else is hashed. */
export function isPossiblePassword(password: string): boolean {
  return password.length > 0 && !/\p{Cs}/u.test(password) && Buffer.byteLength(password) <= MAX_BYTES;
}

/** Throws `weak-password`, saying why, unless `password` may be chosen. `names` are what the account is called. */
export function assertGoodPassword(
  password: string,
  rules: { readonly minLength: number; readonly names: readonly (string | undefined)[] },
): void {
  const problem = problemOf(password, rules);
  if (problem !== null) throw new BacksideError('weak-password', problem);
}

function problemOf(
  password: string,
  { minLength, names }: { minLength: number; names: readonly (string | undefined)[] },
): string | null {
  if (!isPossiblePassword(password)) return `A password has at most ${MAX_BYTES} bytes of proper Unicode`;
  if (Array.from(password).length < minLength) return `A password has at least ${minLength} characters`;
  const folded = password.normalize('NFKC').toLowerCase();
  if (COMMON.has(folded) || new Set(folded).size < 3)
    return 'This password is among the first that anybody would guess';
  const taken = names.some((name) => name !== undefined && (folded === name || folded === name.split('@')[0]));
  return taken ? 'The password is the name of the account' : null;
}
