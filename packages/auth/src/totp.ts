import { Secret, TOTP } from 'otpauth';

/** Seconds per code, digits per code and the hash: what every authenticator application supports. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Steps before and after the present one whose code is taken, for clocks that differ and people who type slowly. */
const WINDOW_STEPS = 1;

export interface TotpEnrolment {
  /** 160 random bits in base32; keep it with the account, show it once. */
  readonly secret: string;
  /** `otpauth://totp/…`, for a QR code. */
  readonly uri: string;
}

export interface TotpAttempt {
  /** From the enrolment. */
  readonly secret: string;
  /** As typed; spaces are ignored. */
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The step of the last code that was taken, null before the first. */
  readonly lastStep: number | null;
}

/** A new secret. The enrolment counts only once the user has shown a code of it. */
export function createTotpEnrolment(issuer: string, account: string): TotpEnrolment {
  const secret = new Secret({ size: 20 });
  const totp = new TOTP({ ...PARAMETERS, issuer: withoutColon(issuer), label: withoutColon(account), secret });
  return { secret: secret.base32, uri: totp.toString() };
}

/**
 * The step whose code was given, or null. The caller stores the step as `lastStep`, conditionally on the old one: a code
 * at or before it is refused, so each code works once and nobody who looked over a shoulder can use it again.
 */
export function verifyTotp(attempt: TotpAttempt): number | null {
  const token = attempt.code.replaceAll(' ', '');
  if (!/^[0-9]{6}$/.test(token)) return null;
  const present = TOTP.counter({ period: PARAMETERS.period, timestamp: attempt.now });
  const delta = TOTP.validate({
    ...PARAMETERS,
    secret: Secret.fromBase32(attempt.secret),
    token,
    timestamp: attempt.now,
    window: WINDOW_STEPS,
  });
  if (delta === null) return null;
  const step = present + delta;
  return attempt.lastStep !== null && step <= attempt.lastStep ? null : step;
}

/** A colon parts issuer from account in the label. */
function withoutColon(text: string): string {
  return text.replaceAll(':', ' ');
}
