import type { PrivateValue } from './private-tree.js';

/** Part of an update of the private tree, to be joined with others into one. */
export interface Edit {
  readonly changes: readonly PrivateValue[];
  readonly expect: readonly PrivateValue[];
}

export function joinEdits(...edits: readonly Edit[]): Edit {
  return { changes: edits.flatMap((edit) => edit.changes), expect: edits.flatMap((edit) => edit.expect) };
}
