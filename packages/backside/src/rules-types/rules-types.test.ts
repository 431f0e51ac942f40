import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compileRules } from '@backside/security';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { formatSchema } from './format-schema.js';
import { shapeOf } from './shape.js';

const FIXTURES = new URL('../../../security/fixtures/', import.meta.url);
const TEXT = { name: 'Schema', origin: 'some.rules' };

function schemaOf(source: string): string {
  return formatSchema(shapeOf(compileRules(source).root), TEXT);
}

/** The type of `/place`, on one line, when this is its rule. */
function typeFor(place: object | string): string {
  const rules = typeof place === 'string' ? { '.validate': place } : place;
  const text = schemaOf(JSON.stringify({ rules: { place: rules } }));
  return /place\?: (.*);\n}\n$/s.exec(text)![1]!.replaceAll(/\s+/g, ' ');
}

/** Nothing but the schema and what it may import, so that only its own mistakes show. */
function problemsOf(text: string): string[] {
  const files = new Map([
    ['/schema.ts', text.replace('@backside/sdk', './json.js')],
    ['/json.ts', 'export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };'],
  ]);
  const host = ts.createCompilerHost({});
  const program = ts.createProgram({
    rootNames: [...files.keys()],
    options: {
      strict: true,
      noEmit: true,
      noUnusedLocals: true,
      module: ts.ModuleKind.NodeNext,
      types: [],
      lib: ['lib.es5.d.ts'],
    },
    host: {
      ...host,
      fileExists: (file) => files.has(file),
      readFile: (file) => files.get(file),
      getSourceFile: (file, version) =>
        files.has(file) ? ts.createSourceFile(file, files.get(file)!, version) : host.getSourceFile(file, version),
    },
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('what a validator says of a leaf', () => {
  it.each([
    ['newData.isString()', 'string'],
    ['newData.isNumber() && newData.val() > 0', 'number'],
    ['newData.isBoolean()', 'boolean'],
    ['newData.isString() || newData.isNumber()', 'string | number'],
    ["newData.val() == 'on' || newData.val() == 'off'", "'on' | 'off'"],
    ["newData.isString() && (newData.val() == 'on' || newData.val() == 'off')", "'on' | 'off'"],
    ['newData.val() === 1 || newData.val() === true', '1 | true'],
    ['newData.val().matches(/^(red|dark-blue)$/)', "'red' | 'dark-blue'"],
    ['newData.val().matches(/^[a-z]+$/)', 'string'],
    ['newData.val().length < 100', 'string'],
    ["!newData.val().contains('<')", 'string'],
    ['newData.val() % 2 == 0', 'number'],
    ['newData.val() < now', 'number'],
    ['newData.val() == auth.uid', 'string'],
    ["newData.val() == auth.uid + '!'", 'string'],
    ['newData.val() == (data.exists() ? data.val() : now)', 'number'],
    ['data.exists() ? newData.val() == data.val() : newData.isBoolean()', 'boolean'],
    ['newData.val() == now || newData.val() == data.val()', 'number'],
    ['auth != null && newData.isString()', 'string'],
  ])('%s', (rule, type) => expect(typeFor(rule)).toBe(type));

  it.each([
    'newData.exists()',
    'auth != null',
    'newData.val() != 3',
    'newData.val() == data.val()',
    "newData.val() == root.child('x').val()",
    "newData.isString() || root.child('open').exists()",
    'newData.val() == auth.token.plan',
    'newData.parent().isString()',
    'data.isString()',
    'true',
  ])('%s leaves it free', (rule) => expect(typeFor(rule)).toBe('Json'));
});

describe('what a validator says of children', () => {
  it('demands those that must be there', () => {
    expect(typeFor("newData.hasChildren(['by', 'text']) && newData.child('text').val().length < 9")).toBe(
      '{ by: Json; text: string; }',
    );
    expect(typeFor("newData.hasChild('a/b') && newData.child('c').isNumber()")).toBe('{ a: { b: Json; }; c: number; }');
    expect(typeFor("newData.child('a').exists() || newData.hasChildren(['a', 'b'])")).toBe('{ a: Json; }');
  });

  it('joins what a place says of itself with what is said above it', () => {
    expect(
      typeFor({
        '.validate': "newData.child('kind').isString()",
        kind: { '.validate': "newData.val() == 'a' || newData.val() == 1" },
        size: { '.validate': 'newData.isNumber()' },
      }),
    ).toBe("{ kind: 'a'; size?: number; }");
  });

  it('knows wildcards, and those that let nothing through', () => {
    const entry = { '.validate': 'newData.isString()' };
    expect(typeFor({ $id: entry })).toBe('{ $id: string; }');
    expect(typeFor({ a: entry, $other: { '.validate': false } })).toBe('{ a?: string; }');
    expect(typeFor({ a: entry, b: { '.validate': 'false' }, $other: {} })).toBe('{ a?: string; $other: Json; }');
    expect(typeFor({ '.validate': "newData.hasChildren(['a'])", $id: entry })).toBe('{ a: string; $id: string; }');
  });

  it('quotes what is no identifier', () => {
    const entry = { '.validate': `newData.val() == "it's" || newData.val() == '"'` };
    expect(typeFor({ '1': entry, 'a-b': entry, $x: {} })).toBe(
      `{ '1'?: 'it\\'s' | '"'; 'a-b'?: 'it\\'s' | '"'; $x: Json; }`,
    );
  });
});

describe('the module', () => {
  it('is free as a whole where no rule says anything', () =>
    expect(schemaOf('{"rules": {".read": true}}')).toContain('export type Schema = Json;\n'));

  it('imports only what it uses', () => {
    expect(schemaOf('{"rules": {"Json": {".validate": "newData.isString()"}}}')).not.toContain('import');
    expect(schemaOf('{"rules": {"a": {}}}')).toContain("import type { Json } from '@backside/sdk';");
  });

  it.each(readdirSync(fileURLToPath(FIXTURES)))('of %s compiles', (file) => {
    const text = schemaOf(readFileSync(new URL(file, FIXTURES), 'utf8'));
    expect(problemsOf(text)).toEqual([]);
    expect(text).toContain('$');
  });

  it('would not compile otherwise', () => expect(problemsOf('export interface Schema { a: Jsn }')).toHaveLength(1));

  it('survives keys and comments that would end it', () => {
    const source = JSON.stringify({ rules: { "a'b\\": { '.validate': "newData.val() == '*/\\n'" } } });
    expect(problemsOf(schemaOf(source))).toEqual([]);
  });

  it('types a chat', () => {
    const text = schemaOf(readFileSync(new URL('chat.rules', FIXTURES), 'utf8'));
    expect(text).toContain("status?: 'online' | 'away' | 'busy';");
    expect(text).toContain("role: 'member' | 'moderator';");
    expect(text).toContain('created: number;');
    expect(text).not.toContain('Json');
  });
});
