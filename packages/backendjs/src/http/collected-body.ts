import type { BodyBudget } from './body-budget.js';
import { LegacyError } from './legacy-error.js';
import type { LegacyRequest } from './legacy-request.js';

/** Bytes of bodies that one request holds, against the budget of all. */
export class BodyAccount {
  readonly #budget: BodyBudget;
  readonly #address: string;
  readonly #limit: number;
  #taken = 0;
  #released = false;

  constructor(budget: BodyBudget, { address, limit }: { readonly address: string; readonly limit: number }) {
    this.#budget = budget;
    this.#address = address;
    this.#limit = limit;
  }

  /** Throws 413 past the limit of one request and once the request is over, 503 past the limit of all, or of its address. */
  take(bytes: number): void {
    if (this.#released || this.#taken + bytes > this.#limit) throw tooLarge();
    this.#budget.take(this.#address, bytes);
    this.#taken += bytes;
  }

  /** To be called once the request is over. */
  release(): void {
    this.#budget.giveBack(this.#address, this.#taken);
    this.#taken = 0;
    this.#released = true;
  }
}

/** Reads a body whole. Throws as `BodyAccount.take`, once there is too much of it. */
export async function collectBody(request: LegacyRequest, account: BodyAccount): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request.body ?? []) {
    account.take(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Throws 413 for what is announced to be more than twice the limit. */
export function checkAnnounced(request: LegacyRequest, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > 2 * limit) throw tooLarge();
}

function tooLarge(): LegacyError {
  return new LegacyError(413, 'Request body is too large');
}
