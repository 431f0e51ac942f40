import { isValidKey } from '@backside/tree';
import { checkRule } from './checker.js';
import type { CompiledNode } from './compiled-node.js';
import { ExpressionError } from './expression-error.js';
import { parseExpression } from './expression-parser.js';
import { indexEntries } from './index-on.js';
import type { RulesProblem } from './problem.js';
import { RulesError } from './problem.js';
import type { RuleKind } from './rule-node.js';
import { type Position, RuleProgram } from './rule-program.js';
import type { RulesFileEntry, RulesFileNode, RulesFileObject, RulesFileString } from './rules-file-node.js';

/** Beyond this many, further problems are not listed. */
const MAX_PROBLEMS = 100;

const WILDCARD_NAME = /^\$[A-Za-z_][A-Za-z0-9_]*$/;
const KINDS: ReadonlyMap<string, RuleKind> = new Map([
  ['.read', 'read'],
  ['.write', 'write'],
  ['.validate', 'validate'],
]);

/** The rule tree of a parsed file. Throws `RulesError` with all that is wrong. */
export function buildRulesTree(file: RulesFileNode): CompiledNode {
  const builder = new Builder();
  const root = builder.build(file);
  if (root === null || builder.problems.length > 0) throw new RulesError(builder.problems);
  return root;
}

/** Where building is. */
interface Place {
  readonly pattern: readonly string[];
  readonly wildcards: ReadonlyMap<string, number>;
  /** Of the key that leads here. */
  readonly position: Position;
}

class Builder {
  readonly problems: RulesProblem[] = [];

  build(file: RulesFileNode): CompiledNode | null {
    const top = file.kind === 'object' ? file.entries : [];
    const entry = top.find(({ key }) => key.text === 'rules');
    if (entry === undefined || top.length !== 1) {
      this.#report('structure', '/', file.position, 'the file must hold one object with the one key "rules"', {
        hint: 'write { "rules": { … } }',
      });
      return null;
    }
    return this.#node(entry.value, { pattern: [], wildcards: new Map(), position: entry.key.position });
  }

  #node(file: RulesFileNode, place: Place): CompiledNode | null {
    if (file.kind !== 'object') {
      this.#report('structure', pathOf(place), file.position, 'rules of a place must be an object', {
        hint: 'write { ".read": …, ".write": … }',
      });
      return null;
    }
    const rules = new Map<RuleKind, RuleProgram>();
    const literals = new Map<string, CompiledNode>();
    let wildcard: CompiledNode | null = null;
    let indexOn: readonly string[] = [];
    for (const entry of this.#withoutSecondWildcard(file, place)) {
      const name = entry.key.text;
      const kind = KINDS.get(name);
      if (kind !== undefined) this.#addRule(rules, kind, { entry, place });
      else if (name === '.indexOn') indexOn = this.#indexOn(entry, place);
      else {
        const child = this.#child(entry, place);
        if (child === null) continue;
        if (name.startsWith('$')) wildcard = child;
        else literals.set(name, child);
      }
    }
    return finished(place, { rules, literals, wildcard, indexOn });
  }

  #withoutSecondWildcard(file: RulesFileObject, place: Place): readonly RulesFileEntry[] {
    const first = file.entries.find(({ key }) => key.text.startsWith('$'));
    return file.entries.filter((entry) => {
      const { text, position } = entry.key;
      if (entry === first || !text.startsWith('$')) return true;
      this.#report('second-wildcard', pathOf(place, text), position, 'a second wildcard at one place', {
        hint: `${first?.key.text} matches every key already: merge the two`,
      });
      return false;
    });
  }

  #addRule(
    rules: Map<RuleKind, RuleProgram>,
    kind: RuleKind,
    { entry, place }: { entry: RulesFileEntry; place: Place },
  ): void {
    const { key, value } = entry;
    const rulePath = pathOf(place, key.text);
    const common = {
      kind,
      rulePath,
      depth: place.pattern.length,
      wildcards: place.wildcards,
      position: value.position,
    };
    if (value.kind === 'scalar' && typeof value.value === 'boolean') {
      rules.set(kind, RuleProgram.ofBoolean({ ...common, positionOf: () => value.position }, value.value));
    } else if (value.kind === 'string') {
      const program = this.#expression({ ...common, positionOf: (offset) => value.positionAt(offset) }, value);
      if (program !== null) rules.set(kind, program);
    } else {
      const message = `${key.text} must be true, false or an expression in quotes`;
      this.#report('structure', rulePath, value.position, message, {});
    }
  }

  #expression(place: Parameters<typeof RuleProgram.ofExpression>[0], text: RulesFileString): RuleProgram | null {
    try {
      const expression = parseExpression(text.text);
      const checked = checkRule(expression, { wildcards: place.wildcards, newData: place.kind !== 'read' });
      return RuleProgram.ofExpression(place, text.text, { expression, checked });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      const { code, message, offset, hint } = error;
      this.#report(code, place.rulePath, text.positionAt(offset), message, { offset, hint });
      return null;
    }
  }

  #indexOn(entry: RulesFileEntry, place: Place): readonly string[] {
    const result = indexEntries(entry.value);
    if (Array.isArray(result)) return result;
    const { message, position } = result as Exclude<typeof result, readonly string[]>;
    this.#report('index', pathOf(place, '.indexOn'), position, message, {
      hint: 'write a child key, a path such as "name/last", or ".value"',
    });
    return [];
  }

  #child(entry: RulesFileEntry, place: Place): CompiledNode | null {
    const { key, value } = entry;
    const name = key.text;
    const problem = keyProblem(name, place);
    if (problem !== null) {
      this.#report(problem.code, pathOf(place, name), key.position, problem.message, { hint: problem.hint });
      return null;
    }
    const wildcards = name.startsWith('$') ? new Map(place.wildcards).set(name, place.pattern.length) : place.wildcards;
    return this.#node(value, { pattern: [...place.pattern, name], wildcards, position: key.position });
  }

  #report(
    code: string,
    rulePath: string,
    position: Position,
    message: string,
    more: { readonly offset?: number; readonly hint?: string | null },
  ): void {
    if (this.problems.length >= MAX_PROBLEMS) return;
    const { line, column } = position;
    const { offset = null, hint = null } = more;
    this.problems.push({ severity: 'error', code, message, rulePath, line, column, offset, hint });
  }
}

interface Parts {
  readonly rules: ReadonlyMap<RuleKind, RuleProgram>;
  readonly literals: ReadonlyMap<string, CompiledNode>;
  readonly wildcard: CompiledNode | null;
  readonly indexOn: readonly string[];
}

function finished({ pattern, position }: Place, { rules, literals, wildcard, indexOn }: Parts): CompiledNode {
  const children = wildcard === null ? [...literals.values()] : [...literals.values(), wildcard];
  const validatesBelow = children.some((child) => child.validates);
  const validate = rules.get('validate') ?? null;
  return {
    pattern,
    literals,
    wildcard,
    read: rules.get('read') ?? null,
    write: rules.get('write') ?? null,
    validate,
    indexOn,
    validatesBelow,
    validates: validatesBelow || (validate !== null && validate.constant !== true),
    line: position.line,
    column: position.column,
  };
}

interface KeyProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

function keyProblem(name: string, place: Place): KeyProblem | null {
  if (name.startsWith('$')) return wildcardProblem(name, place);
  if (name.startsWith('.')) {
    return {
      code: 'unknown-rule',
      message: `there is no rule ${name}`,
      hint: 'there are .read .write .validate .indexOn',
    };
  }
  if (isValidKey(name)) return null;
  const hint = name.includes('/') ? 'nest one object per segment' : 'a key is not empty and has none of . $ # [ ] /';
  return { code: 'key', message: `${JSON.stringify(name)} cannot be a key`, hint };
}

function wildcardProblem(name: string, place: Place): KeyProblem | null {
  if (!WILDCARD_NAME.test(name)) {
    const hint = 'write $ and a name of letters, digits and _';
    return { code: 'key', message: `${JSON.stringify(name)} cannot name a wildcard`, hint };
  }
  if (!place.wildcards.has(name)) return null;
  return { code: 'shadowed-wildcard', message: `${name} is bound above already`, hint: 'give it another name' };
}

function pathOf({ pattern }: Place, key?: string): string {
  return `/${(key === undefined ? pattern : [...pattern, key]).join('/')}`;
}
