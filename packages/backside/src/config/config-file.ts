import { readFileSync } from 'node:fs';
import { assertJsonDocument } from '../transfer/json-pieces.js';
import { ConfigError, suggestion } from './config-error.js';
import type { OptionTable } from './option.js';
import type { Setting, Settings } from './setting.js';

/** Some editors begin a file with it. */
const BYTE_ORDER_MARK = '\ufeff';

/** Reads a JSON file with one object of options. Throws `ConfigError` naming file, key and line. */
export function readConfigFile<Values>(file: string, table: OptionTable<Values>): Settings {
  const text = readText(file);
  const settings = new Map<string, Setting>();
  for (const [name, raw] of Object.entries(parseObject(file, text))) {
    const place = `${file}: ${name} (line ${lineOfKey(text, name)})`;
    if (!Object.hasOwn(table, name)) {
      throw new ConfigError(`${place}: unknown key${suggestion(name, Object.keys(table))}`);
    }
    settings.set(name, { raw, origin: { kind: 'file', place } });
  }
  return settings;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(BYTE_ORDER_MARK, '');
  } catch (cause) {
    throw new ConfigError(`${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parseObject(file: string, text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    const cause = problemIn(text) ?? (error as Error);
    throw new ConfigError(`${file}: is not JSON: ${cause.message}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new ConfigError(`${file}: must hold one JSON object`);
}

/** Where a text ceases to be JSON, which `JSON.parse` does not always tell; null if it cannot be said. */
function problemIn(text: string): Error | null {
  try {
    assertJsonDocument(text);
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Counted from 1; the first line on which the key stands before a colon. */
function lineOfKey(text: string, key: string): number {
  const escaped = JSON.stringify(key).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const at = text.search(new RegExp(`${escaped}\\s*:`));
  return text.slice(0, Math.max(at, 0)).split('\n').length;
}
