import type { Explanation, RuleStep, SubValue } from './explanation.js';

/** Longer texts of sub-expressions are shortened. */
const TEXT_WIDTH = 100;

/**
 * An explanation for people: each rule that was evaluated with its place in the file, what its variables stood for, and the value
 * of each sub-expression, indented under the one that it is part of. Ends without a line end.
 */
export function formatExplanation({ allowed, operation, path, steps }: Explanation): string {
  const lines = [`${operation} ${path}: ${allowed ? 'allowed' : `denied, ${reasonOf(steps)}`}`];
  for (const step of steps) lines.push(...formatStep(step));
  return lines.join('\n');
}

/** Of a refusal: the last rule decided, and only `.validate` refuses by itself. */
function reasonOf(steps: readonly RuleStep[]): string {
  const last = steps.at(-1);
  if (last?.kind === 'validate') return `${last.rulePath} does not hold`;
  return steps.length === 0 ? 'no rule on the way could grant it' : 'no rule on the way grants it';
}

function formatStep(step: RuleStep): string[] {
  const { rulePath, location, line, column, source, outcome, error } = step;
  return [
    `  ${rulePath} (${line}:${column}) at ${location}: ${error === null ? outcome : `error, ${error}`}`,
    `    ${oneLine(source)}`,
    ...formatBindings(step.bindings),
    ...formatValues(step),
  ];
}

function formatBindings(bindings: Readonly<Record<string, string>>): string[] {
  return Object.entries(bindings).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
}

/** Outer expressions before the inner ones that explain them, each text once; not the rule itself, whose outcome is said already. */
function formatValues({ source, values }: RuleStep): string[] {
  const lines: string[] = [];
  const around: SubValue[] = [];
  const said = new Set([source.trim()]);
  for (const value of [...values].sort(outerFirst)) {
    while (around.length > 0 && !contains(around.at(-1)!, value)) around.pop();
    if (said.has(value.text)) continue;
    said.add(value.text);
    lines.push(`${' '.repeat(6 + 2 * around.length)}${shortened(oneLine(value.text))}: ${value.value}`);
    around.push(value);
  }
  return lines;
}

function outerFirst(a: SubValue, b: SubValue): number {
  return a.offset - b.offset || b.text.length - a.text.length;
}

function contains(outer: SubValue, inner: SubValue): boolean {
  return inner.offset >= outer.offset && inner.offset + inner.text.length <= outer.offset + outer.text.length;
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

function shortened(text: string): string {
  return text.length <= TEXT_WIDTH ? text : `${text.slice(0, TEXT_WIDTH - 1)}…`;
}
