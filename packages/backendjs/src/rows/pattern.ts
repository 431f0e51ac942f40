import { BacksideError } from '@backside/protocol';
import { compileRules, RulesError } from '@backside/security';
import { nodeReader } from '@backside/tree';

/** Characters of a pattern from outside. */
const MAX_PATTERN = 256;

/** A text beyond this is matched by its beginning. */
const MAX_TEXT = 10_000;

/** Whether a pattern matches anywhere in a text, in time linear in the text. */
export type TextPattern = (text: string) => boolean;

/**
 * A regular expression that a client sent. It is matched by the engine of the rules language, in its grammar: no pattern can
 * take more than time linear in the text. Throws `invalid-data` for one that is too long or outside of the grammar.
 */
export function compilePattern(source: string, options: { readonly ignoreCase: boolean }): TextPattern {
  if (source === '') return () => true;
  if (source.length > MAX_PATTERN)
    throw new BacksideError('invalid-data', `a pattern of over ${MAX_PATTERN} characters`);
  const rules = compile(`/${literalBody(source)}/${options.ignoreCase ? 'i' : ''}`);
  const root = nodeReader(null);
  return (text) =>
    rules.read({
      auth: { uid: '', provider: '', token: { text: text.slice(0, MAX_TEXT) } },
      path: [],
      query: null,
      root,
      now: 0,
    });
}

function compile(literal: string): ReturnType<typeof compileRules> {
  try {
    return compileRules(JSON.stringify({ rules: { '.read': `auth.token.text.matches(${literal})` } }));
  } catch (error) {
    if (error instanceof RulesError)
      throw new BacksideError('invalid-data', 'not a regular expression', { cause: error });
    throw error;
  }
}

/** The pattern as it may stand between slashes: it cannot end the literal, whatever it holds. */
function literalBody(source: string): string {
  if (/[\r\n]/.test(source)) throw new BacksideError('invalid-data', 'a line break in a pattern');
  const body = source.replace(/\\.|\//g, (piece) => (piece === '/' ? '\\/' : piece));
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(body)) throw new BacksideError('invalid-data', 'a pattern ends in a backslash');
  return body;
}
