/** Why a signed request is refused, with the HTTP status and the word that the legacy API has for it. */
export class SignedRequestRefusal extends Error {
  readonly status: number;
  readonly code: RefusalCode;

  constructor(status: number, code: RefusalCode, message: string) {
    super(message);
    this.name = 'SignedRequestRefusal';
    this.status = status;
    this.code = code;
  }
}

export type RefusalCode =
  | 'NOMETHOD'
  | 'NOLOGIN'
  | 'CHECKSUM'
  | 'EXPIRED'
  | 'NOSRC'
  | 'NOACCOUNT'
  | 'ENDED'
  | 'NOAUTH'
  | 'REPLAY'
  | 'BUSY';

export function refusal(code: RefusalCode, message?: string): SignedRequestRefusal {
  const [status, text] = REFUSALS[code];
  return new SignedRequestRefusal(status, code, message ?? text);
}

const REFUSALS: Readonly<Record<RefusalCode, readonly [number, string]>> = {
  NOMETHOD: [415, 'Invalid request: no method or host provided'],
  NOLOGIN: [417, 'No login provided'],
  CHECKSUM: [400, 'invalid data checksum'],
  EXPIRED: [406, 'Expired request'],
  NOSRC: [416, 'Invalid request'],
  NOACCOUNT: [404, 'No account record found'],
  ENDED: [412, 'Expired account'],
  NOAUTH: [401, 'Not authenticated'],
  REPLAY: [401, 'Not authenticated: the signature was used before'],
  BUSY: [503, 'Server is unavailable'],
};

/** 406 with both clocks, so that a client can see what is wrong with its own. */
export function expiredRefusal(
  path: string,
  times: { readonly now: number; readonly expires: number },
): SignedRequestRefusal {
  const short = `${path.slice(1, 6)}...${path.slice(-3)}`;
  const clocks = `the server time is ${stamp(times.now)}, your clock is ${stamp(times.expires)}`;
  return refusal('EXPIRED', `Expired request [${short}], check your clock, ${clocks}`);
}

/** `MM/DD/YYYY HH:MM:SS GMT`. */
function stamp(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'far away';
  const [day, time] = date.toISOString().split('T') as [string, string];
  const [year, month, dayOfMonth] = day.split('-');
  return `${month}/${dayOfMonth}/${year} ${time.slice(0, 8)} GMT`;
}
