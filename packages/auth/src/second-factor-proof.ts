import { BacksideError } from '@backside/protocol';
import { type Account, edited, type SecretRecord } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit } from './auth-context.js';
import { redeemRecoveryCode } from './recovery-codes.js';
import type { Client } from './sign-in-api.js';
import { verifyTotp } from './totp.js';

const MAX_CODE_CHARS = 100;

/**
 * Uses a code of the account up: a time-based one, or a recovery code. The account as it is then, or null if the code is wrong, was
 * used before, on whatever node, or the account has no second factor.
 */
export async function useCode(
  context: AuthContext,
  account: Account,
  proof: { readonly code: string; readonly client: Client },
): Promise<Account | null> {
  if (proof.code.length > MAX_CODE_CHARS) return null;
  let recovery = false;
  try {
    const after = await context.accounts.change(account.uid, (current) => {
      if (current.generation !== account.generation) throw WRONG;
      const used = afterCode(current.secrets, proof.code, context.now());
      recovery = used.recovery;
      return { record: recordOf(current), secrets: used.secrets };
    });
    if (recovery) audit(context, 'recovery-code-used', proof.client, { uid: after.uid });
    return after;
  } catch (error) {
    if (error === WRONG) return null;
    throw error;
  }
}

const WRONG: BacksideError = new BacksideError('unauthenticated');

/** The secrets once the code is used; throws `WRONG`. */
function afterCode(secrets: SecretRecord, code: string, now: number): { secrets: SecretRecord; recovery: boolean } {
  if (secrets.totp === undefined) throw WRONG;
  const step = verifyTotp({ secret: secrets.totp, code, now, lastStep: secrets.totpStep ?? null });
  if (step !== null) return { secrets: edited(secrets, { totpStep: step }), recovery: false };
  const left = redeemRecoveryCode(code, secrets.recoveryCodes?.split(',') ?? []);
  if (left === null) throw WRONG;
  const recoveryCodes = left.length === 0 ? undefined : left.join(',');
  return { secrets: edited(secrets, { recoveryCodes }), recovery: true };
}
