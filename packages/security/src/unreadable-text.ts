/** Why reading cannot go on, and where. Never leaves `parseRulesFile`, which knows below which keys it happened. */
export class UnreadableText extends Error {
  readonly code: 'syntax' | 'too-deep';
  readonly offset: number;
  readonly hint: string | null;

  constructor(message: string, offset: number, options: { hint?: string; code?: 'syntax' | 'too-deep' } = {}) {
    super(message);
    this.name = 'UnreadableText';
    this.code = options.code ?? 'syntax';
    this.offset = offset;
    this.hint = options.hint ?? null;
  }
}
