import type { Rules } from '@backside/security';

/** Where the rules in force come from. */
export interface RulesSource {
  /** The rules in force; another object after each change. */
  readonly current: Rules;
  /** The revision of the ruled database from which on they have been in force; 0 if always. */
  since(): number;
  /** Calls `changed` right after `current` has become another; returns what ends that. */
  onChange(changed: () => void): () => void;
}

/** Rules that stay as they are. */
export function fixedRules(rules: Rules): RulesSource {
  return { current: rules, since: () => 0, onChange: () => () => {} };
}
