#!/usr/bin/env node
import { Command, InvalidArgumentError } from 'commander';
import { shop } from '../app/shop.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { loadBackend } from '../main/load-backend.ts';
import { reportFailure } from '../main/report-failure.ts';
import type { ChainLink } from '../persistence/log-chain.ts';
import { exportCommand, importLogCommand } from './archive-commands.ts';
import { type CheckOptions, checkCommand } from './check-command.ts';
import { importRetailCommand } from './import-retail-command.ts';
import { createKeyCommand, rotateKeysCommand } from './keys-commands.ts';
import { listParkedCommand, retryParkedCommand, skipParkedCommand } from './parked-commands.ts';
import {
  discardCommand,
  listProjectionsCommand,
  rebuildCommand,
  removeCommand,
  renameCommand,
  rollBackCommand,
} from './projections-commands.ts';
import { deleteSnapshotsCommand } from './snapshots-command.ts';
import { demoCommand, startCommand } from './start-command.ts';
import { type RevokeOptions, revokeTokensCommand } from './tokens-command.ts';
import { type VerifyOptions, verifyCommand } from './verify-command.ts';

const program = new Command('livefold')
  .description(
    'An event-sourced GraphQL backend with live projections. Works on the shop that comes with it unless told.',
  )
  .option('--backend <module>', 'a module that exports `backend`: the backend to work on');

/** The backend that the command line names; the shop unless it does. */
async function namedBackend(): Promise<BackendDefinition> {
  const { backend } = program.opts<{ readonly backend?: string }>();
  return backend === undefined ? shop : loadBackend(backend);
}

program
  .command('start')
  .description('start the backend: database, projections, GraphQL server')
  .action(async () => startCommand(await namedBackend()));
program
  .command('demo')
  .description('start the shop with simulated customers, so that there is something to watch')
  .option('--seed <number>', 'the same seed gives the same customers', wholeNumber, 1)
  .option('--pace <milliseconds>', 'time between two things that a customer does', wholeNumber, 500)
  .action(demoCommand);
const imports = program.command('import').description('bring data from elsewhere into the database');
imports
  .command('retail')
  .description("import files in the UCI Online Retail format (CSV, gzip too) through the shop's commands")
  .argument('<file...>', 'the files, oldest first')
  .option('--rejects <path>', 'where rejected rows go, with line number and reason', 'rejects.csv')
  .option('--json', 'print the result as JSON')
  .action(importRetailCommand);
imports
  .command('log')
  .description(
    'import a log that `livefold export` wrote into an empty database; may be killed and run again',
  )
  .argument('<file>', 'the archive; unpacked where its name ends in .gz')
  .action(async (file: string) => importLogCommand(await namedBackend(), file));
program
  .command('export')
  .description('write the whole log to a file, one JSON object a line: the same log gives the same bytes')
  .argument('<file>', 'packed where its name ends in .gz; - is standard output')
  .option('--keys', 'with the wrapped keys, without which sealed data cannot be read elsewhere')
  .action(async (file: string, options: { readonly keys?: boolean }) =>
    exportCommand(await namedBackend(), file, options),
  );
program
  .command('check')
  .description('compare the event types with the lock file and with what is stored')
  .option('--lock <file>', 'the lock file', 'schema/events.lock.json')
  .option('--update', 'write the lock file anew')
  .option('--no-database', 'leave out what is stored')
  .action(async (options: CheckOptions) => checkCommand(await namedBackend(), options));
program
  .command('verify')
  .description('verify the log and the read tables; the exit code is 1 when something is wrong')
  .option('--sample <number>', 'compare one of so many rows with a fold of the log', positiveNumber, 1)
  .option('--expect <position:hash>', 'what the hash of the log was; may be given several times', addLink, [])
  .option('--json', 'print the result as JSON')
  .action(async (options: VerifyOptions) => verifyCommand(await namedBackend(), options));
const keys = program.command('keys').description('the keys that seal personal and encrypted data');
keys
  .command('create')
  .description('print a new master key for LIVEFOLD_KEYS')
  .option('--id <id>', 'its name: letters, digits, ".", "_", "-"')
  .action(createKeyCommand);
keys
  .command('rotate')
  .description('wrap all keys by the first master key of LIVEFOLD_KEYS, and seal what comes under a new key')
  .action(async () => rotateKeysCommand(await namedBackend()));
program
  .command('tokens')
  .description('the tokens by which callers are known')
  .command('revoke')
  .description('have tokens refused from now on; what is subscribed with them ends within a second')
  .option('--subject <id>', 'all that this subject has now')
  .option('--token <id>', 'the one with this id, its claim `jti`')
  .action(async (options: RevokeOptions) => revokeTokensCommand(await namedBackend(), options));
program
  .command('snapshots')
  .description("aggregates' snapshots")
  .command('delete')
  .description('delete snapshots: aggregates are folded from their events until there are new ones')
  .option('--aggregate <name>', 'of this aggregate alone')
  .action(async (options: { readonly aggregate?: string }) =>
    deleteSnapshotsCommand(await namedBackend(), options),
  );
const projections = program
  .command('projections')
  .description(
    'how the projections are doing; rebuilding them, and what was kept back since it could not be folded',
  )
  .option('--json', 'print the result as JSON')
  .action(async (options: { readonly json?: boolean }) =>
    listProjectionsCommand(await namedBackend(), options),
  );
projections
  .command('rebuild')
  .description(
    'build the table of a projection anew beside the one that serves, compare, and exchange them; may be killed and run again',
  )
  .argument('<name>')
  .option('--force', 'exchange the tables although they are identical')
  .action(async (name: string, options: { readonly force?: boolean }) =>
    rebuildCommand(await namedBackend(), name, options),
  );
projections
  .command('rollback')
  .description('put the table that a rebuild replaced back in its place')
  .argument('<name>')
  .action(async (name: string) => rollBackCommand(await namedBackend(), name));
projections
  .command('discard')
  .description('drop what rebuilds have left: the table that was replaced, and one that is not finished')
  .argument('<name>')
  .action(async (name: string) => discardCommand(await namedBackend(), name));
projections
  .command('rename')
  .description('give what is kept about a projection to its new name')
  .argument('<old>')
  .argument('<new>')
  .action(async (from: string, to: string) => renameCommand(await namedBackend(), from, to));
projections
  .command('remove')
  .description('delete what is kept about a projection that is not defined any more')
  .argument('<name>')
  .action(async (name: string) => removeCommand(await namedBackend(), name));
projections
  .command('parked')
  .description('list parked keys with their errors')
  .argument('[name]', 'the projection; all unless given')
  .option('--json', 'print them as JSON')
  .action(async (name: string | undefined, options: { readonly json?: boolean }) =>
    listParkedCommand(await namedBackend(), name, options),
  );
projections
  .command('retry')
  .description('fold what is kept back for a key again; the exit code is 1 when it is parked still')
  .argument('<name>', 'the projection')
  .argument('[key]', 'the key')
  .option('--all', 'every parked key of the projection')
  .action(async (name: string, key: string | undefined, options: { readonly all?: boolean }) =>
    retryParkedCommand(await namedBackend(), name, key, options),
  );
projections
  .command('skip')
  .description('leave the event that parked a key out of it for good, and fold what came behind it')
  .argument('<name>', 'the projection')
  .argument('<key>', 'the key')
  .action(async (name: string, key: string) => skipParkedCommand(await namedBackend(), name, key));

try {
  await program.parseAsync();
} catch (error) {
  reportFailure(error);
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number, not negative.');
}

function positiveNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is a whole number from 1.');
}

function addLink(text: string, links: readonly ChainLink[]): readonly ChainLink[] {
  const [, position, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (position !== undefined && hash !== undefined) return [...links, { position: Number(position), hash }];
  throw new InvalidArgumentError(
    'It is a position, a colon and 64 hexadecimal digits, as `livefold verify` prints it.',
  );
}
