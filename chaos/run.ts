/** Lets things go wrong around a backend, and sees whether anything is lost or doubled: `npm run chaos -- --minutes 5 --seed 1`. */
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';
import { describeCommand, planCommands } from './clients/plan-commands.ts';
import { describeFault, planFaults } from './faults/plan-faults.ts';

const usage = `Usage: npm run chaos [-- --minutes 5 --seed N --servers 3 --writers 8]

Runs server processes on a PostgreSQL of its own in .livefold/chaos, sends commands and watches, while servers are killed and frozen,
connections are terminated and PostgreSQL is restarted. In the end every acknowledged command must be in the log once, every read
table must equal a fold of the log, every timer must have fired once. The same seed gives the same faults and commands; how they
meet is up to the machine. The exit code is 1 when something is wrong.
`;
const folder = '.livefold/chaos';
const shown = 3;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '5' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 10_000)) },
      servers: { type: 'string', default: '3' },
      writers: { type: 'string', default: '8' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const [minutes, seed, servers, writers] = [values.minutes, values.seed, values.servers, values.writers].map(
    Number,
  );
  if (!minutes || seed === undefined || Number.isNaN(seed) || !servers || !writers) {
    console.error(usage);
    return 2;
  }
  const duration = minutes * 60_000;
  announce({ seed, duration, servers, writers });
  const report = await runChaos({
    ...{ seed, duration, servers, writers, folder },
    onProgress: (line) => console.error(line),
  });
  for (const [what, count] of Object.entries(report.counts))
    console.log(`${String(count).padStart(8)}  ${what}`);
  for (const { check, checked, faults } of report.findings)
    console.log(`${faults === 0 ? '✓' : '✗'} ${check}: ${checked}`);
  if (report.faults.length === 0) return 0;
  console.log(
    `\nWrong, with seed ${seed}:\n${report.faults.join('\n')}\nWhat the servers wrote is in ${folder}, as is the database.`,
  );
  return 1;
}

function announce(plan: { seed: number; duration: number; servers: number; writers: number }): void {
  const { seed, duration, servers, writers } = plan;
  console.log(`Seed ${seed}: ${duration / 1_000} seconds, ${servers} servers, ${writers} writers.\n`);
  for (const fault of planFaults(plan)) console.log(describeFault(fault));
  console.log(`\nThe first commands of each writer:`);
  for (let writer = 1; writer <= writers; writer += 1)
    for (const command of planCommands(seed, writer).take(shown))
      console.log(`  ${describeCommand(command)}`);
  console.log('');
}

process.exitCode = await main();
