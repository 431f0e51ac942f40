import type { AuthUser } from './user.js';

/** Who wants to know who is signed in. */
export class AuthListeners {
  readonly #listeners = new Set<(user: AuthUser | null) => void>();
  readonly #report: (error: unknown) => void;
  /** What was told last, as JSON; null before it was known. */
  #told: string | null = null;
  #user: AuthUser | null = null;

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** See `Auth.onAuthChange`. */
  add(listener: (user: AuthUser | null) => void): () => void {
    // A function of its own, so that one listener given twice counts as two.
    const heard = (user: AuthUser | null): void => listener(user);
    this.#listeners.add(heard);
    if (this.#told !== null) {
      queueMicrotask(() => {
        if (this.#listeners.has(heard)) this.#call(heard);
      });
    }
    return () => void this.#listeners.delete(heard);
  }

  /** This is who is signed in now. */
  tell(user: AuthUser | null): void {
    const text = JSON.stringify(user);
    if (text === this.#told) return;
    this.#told = text;
    this.#user = user;
    for (const listener of [...this.#listeners]) this.#call(listener);
  }

  /** One that throws keeps nothing from the others. */
  #call(listener: (user: AuthUser | null) => void): void {
    try {
      listener(this.#user);
    } catch (error) {
      this.#report(error);
    }
  }
}
