export type { Command, Io } from './commands/command.js';
export type { Environment } from './config/environment.js';
export { SERVER_OPTIONS, type ServerConfig } from './config/server-options.js';
export { main } from './main.js';
