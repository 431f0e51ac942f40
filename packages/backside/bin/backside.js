#!/usr/bin/env node
import { main } from '../dist/main.js';
import { HeldSignals } from '../dist/server/held-signals.js';

const { env, stdin, stdout, stderr } = process;
process.exitCode = await main(process.argv.slice(2), {
  environment: env,
  stdin,
  stdout,
  stderr,
  signals: new HeldSignals(process),
});
