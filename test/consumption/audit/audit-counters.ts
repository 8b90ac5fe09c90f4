import { createPostgresPersistence } from '../../../src/adapters/postgres/postgres-persistence.ts';
import type { Finding } from '../../../src/consumption/audit/finding.ts';
import { type Audit, type AuditOptions, verifyLog } from '../../../src/consumption/audit/verify-log.ts';
import type { AnyProjection } from '../../../src/consumption/projection.ts';
import { EventRegistry } from '../../../src/domain/event-registry.ts';
import type { ChainLink } from '../../../src/persistence/log-chain.ts';
import { countersBackend, countersProjection } from '../counters.ts';
import type { OpenCounters } from '../open-counters.ts';

/** Verifies the log and the table of counters, as the command line would. */
export function auditCounters(
  { backend, counters }: Pick<OpenCounters, 'backend'> & { readonly counters: AnyProjection },
  { chain = [], ...options }: Partial<AuditOptions> & { readonly chain?: readonly ChainLink[] } = {},
): Promise<Audit> {
  const { database, models } = backend;
  return verifyLog(
    {
      stored: createPostgresPersistence({ database }),
      decode: (events) => events,
      registry: new EventRegistry(countersBackend(countersProjection()).events),
      projections: [counters],
      models,
      chain,
    },
    { oneOf: 1, ...options },
  );
}

/** What an audit found wrong. */
export function faultsOf({ findings }: Audit): readonly Finding[] {
  return findings.filter(({ faults }) => faults > 0);
}
