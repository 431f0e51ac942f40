import type { Path } from '@backside/tree';

/** Where everything lies in the tree that is for functions alone. A function's name is a key; so is an entry's. */
export const PLACES: {
  /** Which node runs the functions: `{ holder, beat }`. */
  readonly lease: Path;
  readonly holder: Path;
  readonly beat: Path;
  /** How far the journal was recorded; see `Position`. */
  readonly position: Path;
  /** The same of the journal that accounts are in. */
  readonly accounts: Path;
  readonly pending: Path;
  readonly known: Path;
  readonly filledAll: Path;
  readonly dead: Path;
  /** The tries of all functions. */
  readonly triesAll: Path;
  /** Dead letters that are to run again, by function and entry, as somebody has asked on whichever node. */
  readonly revivals: Path;
  /** Functions that are there no more though events wait for them, with the time when that was seen. */
  readonly gone: Path;
  /** Below `filledAll`: there for a pattern whose shadow is whole. */
  filled(patternId: string): Path;
  shadow(patternId: string, keys: readonly string[]): Path;
  /** What a function was declared as, and since which revision: JSON. */
  knownOf(name: string): Path;
  /** The last time for which a schedule has fired. */
  fired(name: string): Path;
  /** Events to be run, by function and entry: JSON. */
  pendingOf(name: string): Path;
  entry(name: string, key: string): Path;
  triesOf(name: string): Path;
  /** The tries of an entry that failed: JSON. */
  tries(name: string, key: string): Path;
  deadOf(name: string): Path;
  deadEntry(name: string, key: string): Path;
  revivalsOf(name: string): Path;
  revival(name: string, key: string): Path;
  goneSince(name: string): Path;
} = {
  lease: ['lease'],
  holder: ['lease', 'holder'],
  beat: ['lease', 'beat'],
  position: ['position'],
  accounts: ['accounts'],
  pending: ['pending'],
  known: ['known'],
  filledAll: ['filled'],
  dead: ['dead'],
  triesAll: ['tries'],
  revivals: ['revivals'],
  gone: ['gone'],
  filled: (patternId) => ['filled', patternId],
  shadow: (patternId, keys) => ['shadow', patternId, ...keys],
  knownOf: (name) => ['known', name],
  fired: (name) => ['fired', name],
  pendingOf: (name) => ['pending', name],
  entry: (name, key) => ['pending', name, key],
  triesOf: (name) => ['tries', name],
  tries: (name, key) => ['tries', name, key],
  deadOf: (name) => ['dead', name],
  deadEntry: (name, key) => ['dead', name, key],
  revivalsOf: (name) => ['revivals', name],
  revival: (name, key) => ['revivals', name, key],
  goneSince: (name) => ['gone', name],
};
