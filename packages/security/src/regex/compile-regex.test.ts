import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegex } from './compile-regex.js';
import { parseRegex } from './regex-parser.js';
import { RegexSyntaxError } from './regex-syntax.js';

const matches = (body: string, text: string, flags = ''): boolean => compileRegex(body, flags).test(text);

function refusal(body: string, flags = ''): { message: string; offset: number } {
  try {
    compileRegex(body, flags);
  } catch (error) {
    if (error instanceof RegexSyntaxError) return { message: error.message, offset: error.offset };
    throw error;
  }
  throw new Error(`/${body}/ was accepted`);
}

describe('what a pattern matches', () => {
  it.each([
    ['b', 'abc', true],
    ['x', 'abc', false],
    ['^foo', 'foobar', true],
    ['^bar', 'foobar', false],
    ['bar$', 'foobar', true],
    ['foo$', 'foobar', false],
    ['^foo$', 'foo', true],
    ['a|bc', 'xbcx', true],
    ['^(ab)+$', 'abab', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,}$', 'aaaaa', true],
    ['^a{3}$', 'aaa', true],
    ['^a{0}b$', 'b', true],
    ['^(a{0}){1000}b$', 'b', true],
    ['^a*$', '', true],
    ['^\\{x}$', '{x}', true],
    ['a,b}', 'a,b}', true],
    ['a]', 'a]', true],
    ['^[^0-9]+$', 'abc1', false],
    ['^[\\w.+-]+@[a-z]+\\.[a-z]{2,4}$', 'a.b+c@x.com', true],
    ['^[\\w-.]+$', 'a-.b', true],
    ['^[a-]+$', 'a-', true],
    ['^[-a]+$', 'a-', true],
    ['^[a^]+$', '^', true],
    ['^[+*?.()|$/]+$', '+*?.()|$/', true],
    ['^[\\]\\\\]+$', ']\\', true],
    ['^[!-\\/]$', '/', true],
  ])('/%s/ on %j: %s', (body, text, expected) => {
    expect(matches(body, text)).toBe(expected);
  });

  it('takes an escaped letter for the letter, unless it names a class', () => {
    expect(matches('^\\n\\b\\1$', 'nb1')).toBe(true);
    expect(matches('^\\n$', '\n')).toBe(false);
  });

  it('lets a dot stand for any code unit, line ends and halves of surrogate pairs included', () => {
    expect(matches('^.$', '\n')).toBe(true);
    expect(matches('^..$', '\u{1f600}')).toBe(true);
    expect(matches('^.$', '\u{1f600}')).toBe(false);
  });

  it('knows no line ends: anchors are the ends of the text', () => {
    expect(matches('^b', 'a\nb')).toBe(false);
    expect(matches('a$', 'a\nb')).toBe(false);
  });

  it('binds the whole pattern by its anchors', () => {
    expect(matches('^a|b$', 'ax')).toBe(false);
    expect(matches('^a|b$', 'b')).toBe(true);
  });

  it('takes classes as ASCII', () => {
    expect(matches('^\\w+$', 'été')).toBe(false);
    expect(matches('^\\d$', '٣')).toBe(false);
    expect(matches('^\\s$', '\u00a0')).toBe(true);
  });

  it('ignores case beyond ASCII, in sets and in negated sets', () => {
    expect(matches('^ÉT[É-Ï]$', 'été', 'i')).toBe(true);
    expect(matches('^[^a]$', 'A', 'i')).toBe(false);
  });

  it('keeps whatever a text taught it apart from the next text', () => {
    const regex = compileRegex('^(a|b)*abb$', '');
    expect(['abb', 'ab', 'aabb', '', 'abba', 'abb'].map((text) => regex.test(text))).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('what is refused', () => {
  it.each([
    ['', 0, /nothing to match/],
    ['^$', 1, /nothing to match/],
    ['a^b', 1, /\^ stands at the beginning/],
    ['(^a|b)', 1, /\^ stands at the beginning/],
    ['(a$|b)', 2, /\$ stands at the end/],
    ['a$b', 1, /\$ stands at the end/],
    ['(a|)', 3, /nothing to match/],
    ['|a', 0, /nothing to match/],
    ['()', 1, /nothing to match/],
    ['x(a', 1, /not closed/],
    ['a)', 1, /without its/],
    ['(?:a)', 1, /no meaning/],
    ['*a', 0, /nothing before \*/],
    ['a|+', 2, /nothing before \+/],
    ['a**', 2, /quantifier after/],
    ['a+?', 2, /quantifier after/],
    ['a{2}{3}', 4, /quantifier after/],
    ['a{', 1, /a count is/],
    ['a{,3}', 1, /a count is/],
    ['a{3,2}', 1, /out of order/],
    ['a{1001}', 1, /more than 1000/],
    ['a{1,1001}', 1, /more than 1000/],
    ['(a{1000}){1000}', 9, /states/],
    ['x[a', 1, /not closed/],
    ['[]', 0, /empty set/],
    ['[^]', 0, /empty set/],
    ['[b-a]', 1, /out of order/],
    ['[a-\\d]', 1, /up to a class/],
    ['a\\', 1, /escapes nothing/],
  ])('/%s/ at %i', (body, offset, message) => {
    const refused = refusal(body);
    expect(refused.message).toMatch(message);
    expect(refused.offset).toBe(offset);
  });

  it('refuses every flag but i', () => {
    for (const flags of ['g', 'm', 'u', 'ig', 'ii']) expect(refusal('ab', flags).offset).toBe(2);
  });

  it('refuses groups too deep and patterns too wide without overflowing', () => {
    expect(refusal(`${'('.repeat(100_000)}a`).message).toMatch(/groups/);
    expect(refusal('a'.repeat(100_000)).message).toMatch(/states/);
    expect(refusal('a|'.repeat(100_000)).message).toMatch(/nothing to match/);
  });
});

/**
 * A pattern in both languages: ours, and JavaScript's with the same meaning. Patterns and texts are small, since nested repeats
 * make JavaScript try every way to split the text.
 */
interface Both {
  readonly ours: string;
  readonly js: string;
}

const same = (text: string): Both => ({ ours: text, js: text });

const atom: fc.Arbitrary<Both> = fc.oneof(
  fc
    .constantFrom('a', 'b', 'c', 'A', 'é', 'ſ', 'K', '\\.', '\\d', '\\w', '\\s', '\\S', '\\W', '\\D', ' ', '1')
    .map(same),
  fc.constantFrom('[ab]', '[^ab]', '[a-c1]', '[\\w-]', '[^\\s]', '[\\d.]', '[à-ï]', '[^à-ï]').map(same),
  fc.constant({ ours: '.', js: '[^]' }),
);

const { pattern } = fc.letrec<{ pattern: Both; item: Both; sequence: Both }>((tie) => ({
  item: fc
    .tuple(
      fc.oneof(
        { maxDepth: 2 },
        { weight: 3, arbitrary: atom },
        { weight: 1, arbitrary: tie('pattern').map(({ ours, js }) => ({ ours: `(${ours})`, js: `(${js})` })) },
      ),
      fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '{0,1}', '{2,}', '{0}'),
    )
    .map(([{ ours, js }, quantifier]) => ({ ours: ours + quantifier, js: js + quantifier })),
  sequence: fc.array(tie('item'), { minLength: 1, maxLength: 3 }).map((items) => ({
    ours: items.map((item) => item.ours).join(''),
    js: items.map((item) => item.js).join(''),
  })),
  pattern: fc.array(tie('sequence'), { minLength: 1, maxLength: 2 }).map((branches) => ({
    ours: branches.map((branch) => branch.ours).join('|'),
    js: branches.map((branch) => branch.js).join('|'),
  })),
}));

const text = fc
  .array(fc.constantFrom('a', 'b', 'c', 'A', 'B', 'é', 'É', 'ß', 'ſ', 'k', 'K', '1', ' ', '.', '\n', '-'), {
    maxLength: 5,
  })
  .map((units) => units.join(''));

describe('against the regular expressions of JavaScript', () => {
  it('agrees on every pattern of the common subset', () => {
    const property = fc.property(
      pattern,
      fc.array(text, { minLength: 1, maxLength: 6 }),
      fc.record({ start: fc.boolean(), end: fc.boolean(), ignoreCase: fc.boolean() }),
      ({ ours, js }, texts, { start, end, ignoreCase }) => {
        const flags = ignoreCase ? 'i' : '';
        const regex = compileRegex(`${start ? '^' : ''}${ours}${end ? '$' : ''}`, flags);
        const oracle = new RegExp(`${start ? '^' : ''}(?:${js})${end ? '$' : ''}`, flags);
        for (const each of texts) expect([each, regex.test(each)]).toEqual([each, oracle.test(each)]);
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });

  it('agrees on every code unit, whatever its case', () => {
    for (const body of ['[a-z]', '[à-þ]', '[^α-ω]', '\\w', '[ǅſ]', '\\S', 'k', 'µ']) {
      const regex = compileRegex(body, 'i');
      const oracle = new RegExp(body, 'i');
      const differing: number[] = [];
      for (let unit = 0; unit <= 0xffff; unit++) {
        const character = String.fromCharCode(unit);
        if (regex.test(character) !== oracle.test(character)) differing.push(unit);
      }
      expect([body, differing]).toEqual([body, []]);
    }
  });

  it('does not take much longer to read for being blind to case, however wide its sets', () => {
    const body = '[k-\uffee]'.repeat(4900);
    const readMs = (ignoreCase: boolean): number => {
      const begun = performance.now();
      parseRegex(body, { ignoreCase });
      return performance.now() - begun;
    };
    const best = (ignoreCase: boolean): number => Math.min(...Array.from({ length: 3 }, () => readMs(ignoreCase)));
    expect(best(true) / best(false)).toBeLessThan(50);
  });

  it('never throws anything but its own error, whatever the pattern', () => {
    const hostile = fc.array(fc.constantFrom(...'ab()[]{}|*+?^$.\\-,:0129', '{1000}', '{2,}', '(?', '\\d', '[^'), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(hostile, text, (pieces, each) => {
        try {
          compileRegex(pieces.join(''), '').test(each);
        } catch (error) {
          expect(error).toBeInstanceOf(RegexSyntaxError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
