#!/usr/bin/env node
import { Command } from 'commander';
import { isLivefoldError } from '../kernel/errors.ts';
import { importRetailCommand } from './import-retail-command.ts';
import { startCommand } from './start-command.ts';

const program = new Command('livefold').description('An event-sourced GraphQL backend with live projections: the shop that comes with it.');

program.command('start').description('start the shop: database, projections, GraphQL server').action(() => startCommand({ isDemo: false }));
program
  .command('demo')
  .description('start the shop with simulated customers, so that there is something to watch')
  .option('--seed <number>', 'the same seed gives the same customers', '1')
  .option('--pace <milliseconds>', 'time between two things that a customer does', '500')
  .action((options: { seed: string; pace: string }) => startCommand({ isDemo: true, ...options }));
program
  .command('import')
  .description('bring data from elsewhere into the shop')
  .command('retail')
  .description('import files in the UCI Online Retail format (CSV, gzip too) through the shop\'s commands')
  .argument('<file...>', 'the files, oldest first')
  .option('--rejects <path>', 'where rejected rows go, with line number and reason', 'rejects.csv')
  .option('--json', 'print the result as JSON')
  .action(importRetailCommand);

try {
  await program.parseAsync();
} catch (error) {
  // Ours say what to do; anything else is a fault of the program, and its stack is what finds it.
  console.error(isLivefoldError(error) ? `${error.code}: ${error.message}` : error);
  process.exitCode = 1;
}
