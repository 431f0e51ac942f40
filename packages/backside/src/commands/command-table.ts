import type { Command } from './command.js';

/** A command by its name; what it is made of is loaded when it is needed, so that small commands start at once. */
export interface CommandEntry {
  readonly name: string;
  readonly load: () => Promise<Command>;
  /** Whether it obeys signals itself: they are held for it from the beginning, since loading it takes a while. */
  readonly holdsSignals?: boolean;
}

/** In the order of the overview. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'start', load: async () => (await import('./start.js')).startCommand, holdsSignals: true },
  { name: 'config', load: async () => (await import('./config.js')).configCommand },
  { name: 'get', load: async () => (await import('./get.js')).getCommand },
  { name: 'set', load: async () => (await import('./set.js')).setCommand },
  { name: 'watch', load: async () => (await import('./watch.js')).watchCommand },
  { name: 'export', load: async () => (await import('./export.js')).exportCommand },
  { name: 'import', load: async () => (await import('./import.js')).importCommand },
  { name: 'doctor', load: async () => (await import('./doctor.js')).doctorCommand },
  { name: 'bench', load: async () => (await import('./bench.js')).benchCommand },
  { name: 'create-admin', load: async () => (await import('./create-admin.js')).createAdminCommand },
  { name: 'token', load: async () => (await import('./token.js')).tokenCommand },
  { name: 'users list', load: async () => (await import('./users/list.js')).usersListCommand },
  { name: 'users disable', load: async () => (await import('./users/change.js')).usersDisableCommand },
  { name: 'users enable', load: async () => (await import('./users/change.js')).usersEnableCommand },
  { name: 'users delete', load: async () => (await import('./users/change.js')).usersDeleteCommand },
  { name: 'users reset', load: async () => (await import('./users/change.js')).usersResetCommand },
  { name: 'rules check', load: async () => (await import('./rules/check.js')).rulesCheckCommand },
  { name: 'rules test', load: async () => (await import('./rules/test.js')).rulesTestCommand },
  { name: 'rules coverage', load: async () => (await import('./rules/coverage.js')).rulesCoverageCommand },
  { name: 'rules explain', load: async () => (await import('./rules/explain.js')).rulesExplainCommand },
  { name: 'rules get', load: async () => (await import('./rules/server.js')).rulesGetCommand },
  { name: 'rules set', load: async () => (await import('./rules/server.js')).rulesSetCommand },
  { name: 'rules history', load: async () => (await import('./rules/server.js')).rulesHistoryCommand },
  { name: 'rules rollback', load: async () => (await import('./rules/server.js')).rulesRollbackCommand },
  { name: 'types', load: async () => (await import('./types.js')).typesCommand },
];
