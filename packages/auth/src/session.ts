/** One signed-in device. Times are milliseconds since the epoch. */
export interface Session {
  readonly id: string;
  readonly uid: string;
  /** How it was begun: `password`, `anonymous`, `custom`, `passkey`, the name of a provider, `issued`. */
  readonly provider: string;
  readonly label: string | null;
  /** Where it was last used from. */
  readonly address: string;
  readonly createdAt: number;
  readonly usedAt: number;
  /** When it ends unless it is used. */
  readonly expiresAt: number;
}
