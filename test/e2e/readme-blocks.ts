/** A fenced block of shell in a README, with what it says the output is. */
export interface ReadmeBlock {
  /** The line on which it begins, from 1. */
  readonly line: number;
  readonly script: string;
  /** Null if the README does not say. */
  readonly expected: { readonly kind: 'json' | 'text'; readonly text: string } | null;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;
/** What may stand between a block and its output. */
const MAX_BETWEEN = 200;

/** The blocks of a README that talk to a running server: those of `sh` that use `$URL`. */
export function readmeBlocks(markdown: string): ReadmeBlock[] {
  const fences = [...markdown.matchAll(FENCE)].map((match) => ({
    language: match[1]!,
    text: match[2]!,
    start: match.index,
    end: match.index + match[0].length,
  }));
  return fences.flatMap(({ language, text, start, end }, index) => {
    if (language !== 'sh' || !text.includes('$URL')) return [];
    const next = fences[index + 1];
    const follows =
      next !== undefined && next.start - end < MAX_BETWEEN && !markdown.slice(end, next.start).includes('\n#');
    const kind = follows ? outputKindOf(next.language) : null;
    const expected = kind === null ? null : { kind, text: next!.text };
    return [{ line: markdown.slice(0, start).split('\n').length, script: text, expected }];
  });
}

function outputKindOf(language: string): 'json' | 'text' | null {
  return language === 'json' || language === 'text' ? language : null;
}

/** Whether the output is the one that the README shows: `…` stands for anything, and the white space of JSON does not count. */
export function isExpectedOutput(output: string, { kind, text }: NonNullable<ReadmeBlock['expected']>): boolean {
  const plain = (from: string): string => (kind === 'json' ? from.replaceAll(/\s+/g, '') : from.trim());
  const pattern = plain(text)
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[\\s\\S]*?');
  return new RegExp(`^${pattern}$`).test(plain(output));
}
