/** Runs one benchmark: `npm run bench -- NAME [--json] [--events N] [--seconds N] [--part NAME]`. */
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks.ts';
import { describeMachine } from './machine.ts';
import { isReached, type Report, toJson, toTable } from './report.ts';
import { useServer } from './server.ts';

const usage = `Usage: npm run bench -- NAME [--json] [--events N] [--seconds N] [--part NAME]

Runs both sides of each comparison on one server: the PostgreSQL that DATABASE_URL names, or one of Livefold's own in
.livefold/bench. Progress goes to stderr, the result to stdout; the exit code is 1 when a target is missed.
For a short trial \`consume\` takes \`--events\`, and \`live\` takes \`--seconds\`, 10 for one measurement unless given,
and \`--part\`, one of those that it lists.

${benchmarks.map(({ name, describe }) => `  ${name.padEnd(10)} ${describe}`).join('\n')}
`;

const progress = (line: string): void => console.error(line);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean' },
      events: { type: 'string' },
      seconds: { type: 'string' },
      part: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const benchmark = benchmarks.find(({ name }) => name === positionals[0]);
  if (benchmark === undefined || positionals.length > 1) {
    console.error(`There is no benchmark "${positionals.join(' ')}".\n\n${usage}`);
    return 2;
  }
  const events = values.events === undefined ? undefined : Number(values.events);
  await using server = await useServer(progress);
  const machine = await describeMachine(server.databaseUrl);
  const seconds = values.seconds === undefined ? undefined : Number(values.seconds);
  const rows = await benchmark.run({
    ...{ databaseUrl: server.databaseUrl, progress, events, seconds },
    part: values.part,
  });
  const report: Report = { benchmark: benchmark.name, machine, rows };
  console.log(values.json === true ? toJson(report) : toTable(report));
  return rows.every(isReached) ? 0 : 1;
}

process.exitCode = await main();
