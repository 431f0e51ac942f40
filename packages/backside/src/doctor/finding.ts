/** What one examination came to. */
export interface Finding {
  /** `note`: worth knowing, not wrong. */
  readonly verdict: 'fine' | 'note' | 'problem';
  readonly text: string;
}

export function fine(text: string): Finding {
  return { verdict: 'fine', text };
}

export function note(text: string): Finding {
  return { verdict: 'note', text };
}

export function problem(text: string): Finding {
  return { verdict: 'problem', text };
}
