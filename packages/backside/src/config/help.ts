import { environmentNameOf, flagOf, type Option, type OptionTable } from './option.js';
import { formatDuration, formatSize } from './quantity.js';

const WIDTH = 100;
const INDENT = 6;

/** The options of a table as help text, under their groups. */
export function optionsHelp<Values>(table: OptionTable<Values>): string {
  const lines: string[] = [];
  for (const [group, entries] of byGroup(table)) {
    lines.push(`${group}:`);
    for (const [name, option] of entries) lines.push(...describeOption(name, option));
    lines.push('');
  }
  return lines.join('\n');
}

/** The options of a table as a table in Markdown, its columns aligned, with what puts a changed one in force. */
export function optionsMarkdown<Values>(
  table: OptionTable<Values>,
  inForceBy: (name: keyof Values & string) => string,
): string {
  const rows = [['flag', 'environment', 'file key', 'default', 'in force by', 'meaning']];
  for (const [name, option] of Object.entries<Option<unknown>>(table)) {
    const placeholder = option.placeholder === null ? '' : ` ${option.placeholder.replaceAll('|', '\\|')}`;
    const cells = [`${flagOf(name)}${placeholder}`, environmentNameOf(name), name, formatDefault(option)];
    const by = inForceBy(name as keyof Values & string);
    rows.push([...cells.map((cell) => `\`${cell}\``), by, option.description]);
  }
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const [heading, ...body] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  );
  return [heading, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n');
}

/** A value as people read it; what is secret stays so. */
export function formatValue(option: Option<unknown>, value: unknown): string {
  if (value === null) return 'none';
  if (option.secret) return '(redacted)';
  if (typeof value === 'number' && option.placeholder === 'SIZE') return formatSize(value);
  if (typeof value === 'number' && option.placeholder === 'TIME') return formatDuration(value);
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value.join(',') || 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function formatDefault(option: Option<unknown>): string {
  return formatValue(option, option.default);
}

function byGroup<Values>(table: OptionTable<Values>): Map<string, [string, Option<unknown>][]> {
  const groups = new Map<string, [string, Option<unknown>][]>();
  for (const entry of Object.entries<Option<unknown>>(table)) {
    const group = entry[1].group;
    groups.set(group, [...(groups.get(group) ?? []), entry]);
  }
  return groups;
}

function describeOption(name: string, option: Option<unknown>): string[] {
  const off = option.placeholder === null && option.default === true ? `, --no-${flagOf(name).slice(2)}` : '';
  const heading = `  ${flagOf(name)}${option.placeholder === null ? '' : ` ${option.placeholder}`}${off}`;
  return [heading, ...wrap(`${option.description} [default: ${formatDefault(option)}]`)];
}

/** Breaks a text into indented lines. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(INDENT - 1);
  for (const word of text.split(' ')) {
    if (line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = ' '.repeat(INDENT - 1);
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
