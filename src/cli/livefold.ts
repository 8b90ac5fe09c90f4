#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { reportFailure } from '../main/report-failure.ts';
import { importRetailCommand } from './import-retail-command.ts';
import { demoCommand, startCommand } from './start-command.ts';

const program = new Command('livefold').description(
  'An event-sourced GraphQL backend with live projections: the shop that comes with it.',
);

program
  .command('start')
  .description('start the shop: database, projections, GraphQL server')
  .action(startCommand);
program
  .command('demo')
  .description('start the shop with simulated customers, so that there is something to watch')
  .option('--seed <number>', 'the same seed gives the same customers', wholeNumber, 1)
  .option('--pace <milliseconds>', 'time between two things that a customer does', wholeNumber, 500)
  .action(demoCommand);
program
  .command('import')
  .description('bring data from elsewhere into the shop')
  .command('retail')
  .description("import files in the UCI Online Retail format (CSV, gzip too) through the shop's commands")
  .argument('<file...>', 'the files, oldest first')
  .option('--rejects <path>', 'where rejected rows go, with line number and reason', 'rejects.csv')
  .option('--json', 'print the result as JSON')
  .action(importRetailCommand);

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number, not negative.');
}
