import { readFileSync } from 'node:fs';
import { ConfigError, suggestion } from './config-error.js';
import type { OptionTable } from './option.js';
import type { Setting, Settings } from './setting.js';

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
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parseObject(file: string, text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${file}: is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw new ConfigError(`${file}: must hold one JSON object`);
}

/** Counted from 1; the first line on which the key stands before a colon. */
function lineOfKey(text: string, key: string): number {
  const escaped = JSON.stringify(key).replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  const at = text.search(new RegExp(`${escaped}\\s*:`));
  return text.slice(0, Math.max(at, 0)).split('\n').length;
}
