import { Automaton, type RegexAllowance } from './automaton.js';
import { buildProgram } from './program.js';
import { parseRegex } from './regex-parser.js';
import { RegexSyntaxError } from './regex-syntax.js';

/** A compiled pattern of the rules language. */
export interface LinearRegex {
  /** Whether the pattern matches anywhere in the text; in time linear in the text, whatever the pattern. */
  test(text: string): boolean;
  /** The same, or null if that would take more than what is left of the allowance, from which what it took is taken. */
  testWithin(text: string, allowance: RegexAllowance): boolean | null;
}

/**
 * The pattern `/body/flags`. The only flag is `i`. Texts are sequences of UTF-16 code units, and `.` is any of them.
 * Throws `RegexSyntaxError` with the offset in `body`.
 */
export function compileRegex(body: string, flags: string): LinearRegex {
  if (flags !== '' && flags !== 'i') {
    throw new RegexSyntaxError(`the flags ${JSON.stringify(flags)}; only i is known`, body.length);
  }
  const pattern = parseRegex(body, { ignoreCase: flags === 'i' });
  return new Automaton(buildProgram(pattern), pattern);
}
