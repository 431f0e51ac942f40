import { isMet, type Line, ratioOf } from './row.js';

const HEADINGS = ['row', 'ours', 'reference', 'ratio', 'target', 'met', 'server CPU per unit'] as const;

/** The one table of the benchmark, as Markdown that also reads well in a terminal. */
export function formatTable(lines: readonly Line[]): string {
  const rows = lines.map(cellsOf);
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]!.length)));
  const format = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const notes = lines.filter((line) => line.note).map((line) => `${line.title} (${line.referenceName}): ${line.note}`);
  return [
    format(HEADINGS),
    `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
    ...rows.map(format),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

function cellsOf(line: Line): string[] {
  const ratio = ratioOf(line);
  const met = isMet(line);
  const limit = line.goal?.of === 'ours' ? formatFigure(line.goal.limit, line.unit) : line.goal?.limit;
  return [
    line.title,
    formatFigure(line.ours, line.unit),
    `${formatFigure(line.reference, line.unit)} ${line.referenceName}`,
    ratio === null ? '-' : ratio.toFixed(2),
    line.goal ? `${line.goal.compare} ${limit}` : '-',
    met === null ? '-' : met ? 'yes' : 'NO',
    formatCpu(line),
  ];
}

function formatCpu({ cpu }: Line): string {
  if (!cpu) return '-';
  const reference = cpu.reference === null ? '' : ` (reference ${cpu.reference.toPrecision(3)})`;
  return `${cpu.ours.toPrecision(3)} ${cpu.unit}${reference}`;
}

/** Three digits that matter, with k and M for the large ones. */
function formatFigure(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)} M ${unit}`;
  if (size >= 1e4) return `${Math.round(value / 1e3)} k ${unit}`;
  return size >= 100 ? `${Math.round(value)} ${unit}` : `${value.toPrecision(3)} ${unit}`;
}
