/** Most bytes of a rules file, and of a request that tries one. */
export const MAX_RULES_BYTES = 1_048_576;
