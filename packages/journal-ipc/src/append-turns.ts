/**
 * How many milliseconds others wait for a member that was told of a conflict: enough to compute a large batch again, and
 * little for others to wait if it has nothing to append any more.
 */
const PATIENCE_MS = 20;

/**
 * Whose turn it is to append. Normally everybody's; but whoever met a conflict comes next, and the others wait until it
 * has appended, so that nobody is first again and again while another never is.
 */
export class AppendTurns<Member> {
  readonly #patienceMs: number;
  /** Those that have met a conflict; the first one has the turn. */
  readonly #refused: Member[] = [];
  #waiting: (() => void)[] = [];
  /** Runs once the member that has the turn knows of it. */
  #timer: NodeJS.Timeout | null = null;
  readonly #told = new Set<Member>();

  constructor(patienceMs: number = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  isFree(member: Member): boolean {
    return this.#refused.length === 0 || this.#refused[0] === member;
  }

  /** Resolves when it is this member's turn. */
  async wait(member: Member): Promise<void> {
    while (!this.isFree(member)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The member has met a conflict, and will be told. */
  claim(member: Member): void {
    this.#told.delete(member);
    if (!this.#refused.includes(member)) this.#refused.push(member);
    else if (this.#refused[0] === member) this.#stopTimer();
  }

  /** The member knows of its conflict, and may try again from now on. */
  tell(member: Member): void {
    this.#told.add(member);
    this.#startTimer();
  }

  /** The member has appended, or will not. */
  end(member: Member): void {
    const index = this.#refused.indexOf(member);
    if (index < 0) return;
    this.#refused.splice(index, 1);
    this.#told.delete(member);
    if (index > 0) return;
    this.#stopTimer();
    this.#startTimer();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #startTimer(): void {
    const [first] = this.#refused;
    if (first === undefined || !this.#told.has(first) || this.#timer !== null) return;
    this.#timer = setTimeout(() => this.end(first), this.#patienceMs);
    this.#timer.unref();
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
