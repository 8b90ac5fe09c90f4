import type { Finding } from '../consumption/audit/finding.ts';
import { type Audit, type AuditStep, verifyLog } from '../consumption/audit/verify-log.ts';
import { EventRegistry } from '../domain/event-registry.ts';
import type { BackendDefinition } from '../graphql/backend-definition.ts';
import { stopSignal } from '../main/stop-signal.ts';
import type { ChainLink } from '../persistence/log-chain.ts';
import { openBackendStorage } from './open-backend-storage.ts';
import { progressBar } from './progress-bar.ts';
import { ProgressLine } from './progress-line.ts';

export type VerifyOptions = {
  /** One of so many rows is compared. */
  readonly sample: number;
  /** What the log's hash was at a position. */
  readonly expect: readonly ChainLink[];
  readonly json?: boolean;
};

/** Verifies the log and the read tables, says what was found, and exits with 1 when something is wrong. */
export async function verifyCommand(
  backend: BackendDefinition,
  { sample, expect, json }: VerifyOptions,
): Promise<void> {
  await using storage = await openBackendStorage(backend);
  using progress = new ProgressLine();
  const audit = await verifyLog(
    {
      stored: storage.stored,
      decode: storage.mapper.decode,
      registry: new EventRegistry(backend.events),
      projections: backend.projections,
      models: storage.models,
      chain: await storage.chain.readLinks(),
    },
    {
      oneOf: sample,
      expected: expect,
      signal: stopSignal(),
      onProgress: (step) => progress.show(describe(step)),
    },
  );
  progress.clear();
  if (audit.findings.some(({ faults }) => faults > 0)) process.exitCode = 1;
  if (json === true) console.log(JSON.stringify(audit));
  else report(audit);
}

function describe(step: AuditStep): string {
  return 'projection' in step
    ? `comparing rows of ${step.projection}: ${step.rows.toLocaleString('en')}`
    : progressBar(step.position, step.head, 'events');
}

function report({ findings, position, hash }: Audit): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const finding of findings) {
    console.log(`${markOf(finding)} ${finding.check.padEnd(width)}  ${outcomeOf(finding)}`);
    for (const example of finding.examples) console.log(`    ${example}`);
    const more = finding.faults - finding.examples.length;
    if (more > 0 && finding.examples.length > 0) console.log(`    … and ${more.toLocaleString('en')} more`);
  }
  console.log(
    `The log's hash is ${position}:${hash}. Keep it elsewhere and give it to \`--expect\` one day.`,
  );
}

function markOf({ faults, skipped }: Finding): string {
  if (faults > 0) return '✗';
  return skipped === undefined ? '✓' : '–';
}

function outcomeOf({ checked, faults, skipped, parked = 0 }: Finding): string {
  if (skipped !== undefined) return `not looked at: ${skipped}`;
  const wrong = faults === 0 ? '' : `, ${faults.toLocaleString('en')} wrong`;
  return `${checked.toLocaleString('en')} looked at${wrong}${parked === 0 ? '' : `, ${parked.toLocaleString('en')} parked`}`;
}
