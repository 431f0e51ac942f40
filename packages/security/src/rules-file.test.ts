import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RulesError, type RulesProblem } from './problem.js';
import { MAX_FILE_DEPTH, MAX_FILE_LENGTH, parseRulesFile } from './rules-file.js';
import type { RulesFileNode, RulesFileObject, RulesFileString } from './rules-file-node.js';

/** What JSON.parse would have made of it. */
function plain(node: RulesFileNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(node.entries.map(({ key, value }) => [key.text, plain(value)]));
    case 'array':
      return node.items.map(plain);
    case 'string':
      return node.text;
    case 'scalar':
      return node.value;
  }
}

function problemsOf(source: string): readonly RulesProblem[] {
  try {
    parseRulesFile(source);
  } catch (error) {
    if (error instanceof RulesError) return error.problems;
    throw error;
  }
  throw new Error('the text was accepted');
}

const places = (source: string): unknown[] =>
  problemsOf(source).map(({ code, rulePath, line, column }) => [code, rulePath, `${line}:${column}`]);

const asObject = (node: RulesFileNode): RulesFileObject => node as RulesFileObject;

describe('the text of a rules file', () => {
  it('is JSON', () => {
    const value = { rules: { '.read': true, a: { '.indexOn': ['x', 'y'], '.n': [null, false, -1.5e3, 0] }, b: {} } };
    expect(plain(parseRulesFile(JSON.stringify(value, null, 2)))).toEqual(value);
  });

  it('reads every JSON document as JSON.parse does', () => {
    const withoutProto = fc.json({ depthSize: 'medium' }).filter((text) => !text.includes('__proto__'));
    fc.assert(
      fc.property(withoutProto, (text) => {
        expect(plain(parseRulesFile(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('may hold comments wherever space may stand, but not in strings', () => {
    const source = '// one\n{ /* two\n */ "a" /**/ : // three\r\n "b // no /* comment */" /***/ } // end';
    expect(plain(parseRulesFile(source))).toEqual({ a: 'b // no /* comment */' });
  });

  it('may hold line ends and tabs in strings', () => {
    expect(plain(parseRulesFile('{"a": "1 < 2 &&\r\n\t2 < 3"}'))).toEqual({ a: '1 < 2 &&\r\n\t2 < 3' });
  });

  it('may begin with a byte order mark', () => {
    expect(plain(parseRulesFile('\ufeff{}'))).toEqual({});
  });

  it('may use any key as data', () => {
    const node = asObject(parseRulesFile('{"__proto__": 1, "constructor": 2}'));
    expect(node.entries.map(({ key }) => key.text)).toEqual(['__proto__', 'constructor']);
  });
});

describe('positions', () => {
  const source = '{\n  "rules": {\r\n    ".read": "a \\"b\\" \\u0041c\nd"\n  }\n}';
  const read = asObject(asObject(parseRulesFile(source)).entries[0]!.value).entries[0]!;
  const text = read.value as RulesFileString;

  it('are those of keys and values', () => {
    expect(read.key.position).toEqual({ offset: source.indexOf('".read'), line: 3, column: 5 });
    expect(read.value.position).toEqual({ offset: source.indexOf('"a '), line: 3, column: 14 });
  });

  it('follow a decoded string through escapes and line ends', () => {
    expect(text.text).toBe('a "b" Ac\nd');
    const placeOf = (character: string): string => {
      const { line, column } = text.positionAt(text.text.indexOf(character));
      return `${line}:${column}`;
    };
    expect(['a', '"', 'b', 'A', 'c', 'd'].map(placeOf)).toEqual(['3:15', '3:17', '3:19', '3:23', '3:29', '4:1']);
    expect(text.positionAt(text.text.length)).toEqual({ offset: source.indexOf('"\n  }'), line: 4, column: 2 });
  });

  it('name the same character in the file as in the text, if it is not escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (value) => {
        const file = JSON.stringify(value);
        const node = parseRulesFile(file) as RulesFileString;
        for (let i = 0; i < value.length; i++) {
          const written = file[node.positionAt(i).offset];
          expect([value[i], '\\']).toContain(written);
        }
      }),
    );
  });
});

describe('what is refused', () => {
  it('is named with its place and the rule it is in', () => {
    expect(places('{"rules": {"a": {".read": true,}}}')).toEqual([['syntax', '/a', '1:31']]);
    expect(places('{"rules": {"a": {".read": tru}}}')).toEqual([['syntax', '/a/.read', '1:27']]);
    expect(places("{'rules': {}}")).toEqual([['syntax', '/', '1:2']]);
    expect(places('{"rules": {".read": auth != null}}')).toEqual([['syntax', '/.read', '1:21']]);
    expect(places('{"rules": {".read": "\\d"}}')).toEqual([['syntax', '/.read', '1:22']]);
    expect(places('{"rules": {".read": "\\u12"}}')).toEqual([['syntax', '/.read', '1:22']]);
    expect(places('{"rules": {".read": "abc}}')).toEqual([['syntax', '/.read', '1:21']]);
    expect(places('{"rules": {".read": "\u0001"}}')).toEqual([['syntax', '/.read', '1:22']]);
    expect(places('{"rules": {\n')).toEqual([['syntax', '/', '1:11']]);
    expect(places('{"a": 1 "b": 2}')).toEqual([['syntax', '/', '1:9']]);
    expect(places('{"a" 1}')).toEqual([['syntax', '/', '1:6']]);
    expect(places('{"a": }')).toEqual([['syntax', '/', '1:7']]);
    expect(places('{} {}')).toEqual([['syntax', '/', '1:4']]);
    expect(places('{} /* no end')).toEqual([['syntax', '/', '1:4']]);
    expect(places('{ / }')).toEqual([['syntax', '/', '1:3']]);
    expect(places('  ')).toEqual([['syntax', '/', '1:3']]);
    expect(places('[01]')).toEqual([['syntax', '/', '1:3']]);
    expect(places('[+1]')).toEqual([['syntax', '/', '1:2']]);
  });

  it('comes with what to write instead', () => {
    const hint = (source: string): string | null => problemsOf(source)[0]!.hint;
    expect(hint('{rules: {}}')).toBe('write "rules"');
    expect(hint('{"a": 1,}')).toBe('remove the comma');
    expect(hint('{"a": "\\d"}')).toContain('\\\\d');
    expect(hint('')).toContain('"rules": {}');
  });

  it('includes every key that stands twice in one object', () => {
    const source = '{"rules": {\n"a": {},\n"b": {"a": {}, "a": {}},\n"a": {}}}';
    expect(places(source)).toEqual([
      ['duplicate-key', '/b/a', '3:16'],
      ['duplicate-key', '/a', '4:1'],
    ]);
    expect(problemsOf(source)[1]!.hint).toContain('line 2');
    expect(places('{"a": 1, "\\u0061": 2}')).toHaveLength(1);
  });

  it('is anything too long or too deep, without overflowing', () => {
    expect(problemsOf(`"${' '.repeat(MAX_FILE_LENGTH)}"`)[0]!.code).toBe('too-large');
    expect(problemsOf('['.repeat(MAX_FILE_LENGTH))[0]!.code).toBe('too-deep');
    const deepest = `${'['.repeat(MAX_FILE_DEPTH)}${']'.repeat(MAX_FILE_DEPTH)}`;
    expect(parseRulesFile(deepest).kind).toBe('array');
  });

  it('is never a reason for another error', () => {
    const pieces = fc.array(fc.constantFrom(...'{}[]",:\\/*\n tfn10-.eu', '"a"', ': 1', '// x\n', '\\u'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(pieces, (text) => {
        try {
          parseRulesFile(text.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(RulesError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
