import type { Json } from '@backside/tree';

/** A row as it is answered. */
export type Row = Readonly<Record<string, Json>>;

/**
 * Rows as csv: a header line, then a line per row. Values with the separator, a quote or a space are quoted, quotes in them doubled; line
 * ends and tabs become spaces. Default separators: `|` in the header, `,` in the rows, as the original has them.
 */
export function formatCsv(rows: readonly Row[], separator: string): string {
  const columns = columnsOf(rows);
  const header = columns.map((column) => csvValue(column, separator || '|')).join(separator || '|');
  const lines = rows.map((row) => {
    const cells = columns.map((column) => csvValue(textOf(row[column]), separator || ','));
    return cells.join(separator || ',');
  });
  return `${[header, ...lines].join('\n')}\n`;
}

/** Rows as xml: `<data>`, the token if there is one, and a `<row>` per record with a tag per column. */
export function formatXml(rows: readonly Row[], nextToken: string): string {
  const token = nextToken === '' ? '' : `<next_token>${escapeXml(nextToken)}</next_token>`;
  const body = rows.map((row) => `<row>${Object.entries(row).map(xmlCell).join('')}</row>`).join('');
  return `<data>${token}${body}</data>`;
}

function columnsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function csvValue(text: string, separator: string): string {
  const flat = text.replace(/[\r\n\t]+/g, ' ');
  const quoted = flat.includes(separator) || /["\s]/.test(flat);
  return quoted ? `"${flat.replaceAll('"', '""')}"` : flat;
}

function xmlCell([name, value]: readonly [string, Json]): string {
  const tag = name.replace(/[^A-Za-z0-9_.-]/g, '_').replace(/^[^A-Za-z_]/, '_$&');
  return `<${tag}>${escapeXml(textOf(value))}</${tag}>`;
}

function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Control characters that XML cannot hold are left out. */
function escapeXml(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '').replace(/[&<>"]/g, (character) => XML[character]!);
}
