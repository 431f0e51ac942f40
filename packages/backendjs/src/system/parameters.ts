import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { describeSettings, parseBackendjsSettings } from '../settings.js';

/** The settings in force: those of the legacy interface under their own names, those of the server behind `-backside-`. Secrets are masked. */
export function parametersOf({ settings, control }: BackendjsContext, all: boolean): Json {
  const defaults = describeSettings(parseBackendjsSettings());
  const own = [...describeSettings(settings)].filter(([name, value]) => all || defaults.get(name) !== value);
  const server = Object.entries(control?.parameters(all) ?? {}).map(([name, value]) => [`-backside-${name}`, value]);
  return Object.fromEntries([...own, ...server]);
}
