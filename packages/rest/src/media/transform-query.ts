import { type ImageFit, type ImageTransform, parseImageFormat } from '@backside/media';
import { BacksideError } from '@backside/protocol';

type Query = Readonly<Record<string, unknown>>;

const NAMES = ['width', 'height', 'fit', 'format', 'quality', 'rotate', 'background', 'enlarge'] as const;

/** The transform that a query string asks for; undefined if it asks for none. Throws `invalid-query` for what cannot be read. */
export function transformOf(query: Query): ImageTransform | undefined {
  if (NAMES.every((name) => query[name] === undefined)) return undefined;
  const fit = textOf(query, 'fit');
  const background = textOf(query, 'background');
  return {
    width: numberOf(query, 'width'),
    height: numberOf(query, 'height'),
    fit: fit as ImageFit | undefined,
    format: formatOf(query),
    quality: numberOf(query, 'quality'),
    rotate: numberOf(query, 'rotate'),
    background: background === undefined ? undefined : `#${background.replace(/^#/, '')}`,
    enlarge: flagOf(query, 'enlarge'),
  };
}

/** True for a parameter that is `true`, `1` or empty. */
export function flagOf(query: Query, name: string): boolean | undefined {
  const text = textOf(query, name);
  if (text === undefined || text === 'false' || text === '0') return undefined;
  if (text === 'true' || text === '1' || text === '') return true;
  throw new BacksideError('invalid-query', `"${name}" must be true or false`);
}

export function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new BacksideError('invalid-query', `"${name}" was given more than once`);
}

function numberOf(query: Query, name: string): number | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,6}$/.test(text)) throw new BacksideError('invalid-query', `"${name}" must be a whole number`);
  return Number(text);
}

function formatOf(query: Query): ImageTransform['format'] {
  const text = textOf(query, 'format');
  if (text === undefined) return undefined;
  const format = parseImageFormat(text);
  if (format === null) throw new BacksideError('invalid-query', '"format" must be jpg, png, webp, avif or gif');
  return format;
}
