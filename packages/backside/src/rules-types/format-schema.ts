import type { MapShape, Shape } from './shape.js';

export interface SchemaText {
  /** Of the exported type. */
  readonly name: string;
  /** What the first line says that it was made of. */
  readonly origin: string;
}

/** A TypeScript module that exports the shape as a schema for `connect<Schema>()`. */
export function formatSchema(shape: Shape, { name, origin }: SchemaText): string {
  const type = typeText(shape, '');
  const declaration = shape.kind === 'map' ? `export interface ${name} ${type}` : `export type ${name} = ${type};`;
  return [
    `// Made by \`backside types\` of ${origin.replaceAll(/\s+/g, ' ')}. To be made anew when the rules change.`,
    ...(containsFree(shape) ? [`import type { Json } from '@backside/sdk';`, ''] : []),
    `${declaration}\n`,
  ].join('\n');
}

function containsFree(shape: Shape): boolean {
  if (shape.kind !== 'map') return shape.kind === 'free';
  return [...shape.named, ...(shape.wildcard ? [shape.wildcard] : [])].some((child) => containsFree(child.shape));
}

function typeText(shape: Shape, indent: string): string {
  if (shape.kind === 'free') return 'Json';
  return shape.kind === 'map' ? mapText(shape, indent) : shape.types.map(leafText).join(' | ');
}

function mapText({ named, wildcard }: MapShape, indent: string): string {
  const inner = `${indent}  `;
  const lines = named.map(
    ({ key, required, shape }) => `${inner}${keyText(key)}${required ? '' : '?'}: ${typeText(shape, inner)};\n`,
  );
  if (wildcard !== null) lines.push(`${inner}${keyText(wildcard.name)}: ${typeText(wildcard.shape, inner)};\n`);
  return `{\n${lines.join('')}${indent}}`;
}

function leafText(type: string): string {
  return type.startsWith('"') ? quoted(JSON.parse(type) as string) : type;
}

function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quoted(key);
}

/** JSON escapes all that would end the literal, but for the single quote. */
function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
