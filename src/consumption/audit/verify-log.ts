import type { EventRegistry } from '../../domain/event-registry.ts';
import { everything } from '../../domain/query.ts';
import { throwIfAborted } from '../../kernel/async.ts';
import { chunks } from '../../kernel/chunks.ts';
import { emptyLogHash, nextLogHash } from '../../persistence/archive/log-hash.ts';
import type { Position } from '../../persistence/event-store.ts';
import type { ChainLink } from '../../persistence/log-chain.ts';
import type { Persistence } from '../../persistence/persistence.ts';
import type { AnyProjection } from '../projection.ts';
import type { ReadModels } from '../read-models.ts';
import { Checklist, type Finding } from './finding.ts';
import { HashAudit } from './hash-audit.ts';
import { KeyAudit } from './key-audit.ts';
import { PlaceAudit } from './place-audit.ts';
import { type Decode, Reading } from './reading.ts';
import { RowAudit } from './row-audit.ts';

/** What the audit looks at. `stored` is the store without a mapper: what it holds is what is verified. */
export type AuditSubject = {
  readonly stored: Pick<Persistence, 'events' | 'archive' | 'keys'>;
  readonly decode: Decode;
  readonly registry: EventRegistry;
  readonly projections: readonly AnyProjection[];
  readonly models: ReadModels;
  /** The hash chain that is kept beside the log; empty when none is. */
  readonly chain: readonly ChainLink[];
};

export type AuditOptions = {
  /** One of so many rows is compared with the fold; 1 compares all, and holds as many rows in memory. */
  readonly oneOf: number;
  /** Hashes of the log that were kept elsewhere. */
  readonly expected?: readonly ChainLink[];
  readonly onProgress?: (step: AuditStep) => void;
  readonly signal?: AbortSignal;
};

/** How far an audit is: with the log, then with each read table. */
export type AuditStep =
  | { readonly position: Position; readonly head: Position }
  | { readonly projection: string; readonly rows: number };

/** What was found, and the log's hash at its head: whoever keeps it can have it compared later. */
export type Audit = {
  readonly position: Position;
  readonly hash: string;
  readonly findings: readonly Finding[];
};

const chunk = 1_000;

/**
 * Verifies a log and what was made of it, in one pass, while it grows: positions dense, versions contiguous, times that never
 * fall, hashes unchanged, every event readable by today's definitions, keys destroyed only where an event says so, the index
 * of tags complete, read rows equal to a fold. Memory grows with the number of streams and with the rows that are compared.
 */
export async function verifyLog(subject: AuditSubject, options: AuditOptions): Promise<Audit> {
  const { stored, models, projections, decode, registry, chain } = subject;
  const { oneOf, expected = [], onProgress = () => {}, signal } = options;
  const read = (range: { readonly after?: Position; readonly before: Position }) =>
    chunks(stored.events.read(everything, range), chunk);
  const again = new Reading(decode, registry);
  const rowOptions = {
    ...{ models, oneOf },
    async *read(range: { readonly after: Position; readonly before: Position }) {
      for await (const events of read(range)) yield await again.read(events);
    },
  };

  // What may grow is looked at before the head: then nothing of it is ahead of the events that are read here.
  const keys = await KeyAudit.begin(stored.keys);
  const rowAudits = await Promise.all(
    projections.map((projection) => RowAudit.begin(projection, rowOptions)),
  );
  const head = await stored.events.head();
  const places = new PlaceAudit();
  const reading = new Reading(decode, registry);
  const hashes = hashAudits(chain, expected);
  let hash = emptyLogHash;

  for await (const events of read({ before: head + 1 })) {
    throwIfAborted(signal);
    for (const event of events) {
      places.add(event);
      hash = nextLogHash(hash, event);
      for (const audit of hashes) audit.add(event, hash);
    }
    keys.addStored(events);
    const readable = await reading.read(events);
    keys.addOpened(readable);
    for (const audit of rowAudits) audit.add(readable);
    onProgress({ position: places.position, head });
  }
  const findings = [
    ...places.conclude(head),
    ...hashes.map((audit) => audit.conclude(head)),
    reading.finding,
    await keys.conclude(),
    await checkTags(stored),
  ];
  for (const audit of rowAudits) {
    throwIfAborted(signal);
    const projection = audit.projection.name;
    findings.push(
      rowsBeyond(audit, head) ??
        skipped(audit, places, reading) ??
        (await audit.conclude((rows) => onProgress({ projection, rows }))),
    );
  }
  return { position: head, hash, findings };
}

function hashAudits(chain: readonly ChainLink[], expected: readonly ChainLink[]): readonly HashAudit[] {
  return [
    new HashAudit({
      ...{ check: 'the hash chain fits the log', links: chain, isChain: true },
      without: 'no hash chain is kept',
    }),
    new HashAudit({
      ...{ check: 'hashes are as expected', links: expected, isChain: false },
      without: 'no hash was given',
    }),
  ];
}

/** Rows of events that the log does not have any more. */
function rowsBeyond({ projection, position }: RowAudit, head: Position): Finding | undefined {
  if (position <= head) return undefined;
  const list = new Checklist(`rows of ${projection.name}`);
  list.fail(`the projection has come to position ${position}, and the log ends at position ${head}`);
  return list.finding;
}

/** A comparison with a fold that lacks events would find every row wrong that they changed. */
function skipped(audit: RowAudit, places: PlaceAudit, { unreadable }: Reading): Finding | undefined {
  if (audit.projection.isSql) return audit.skip('they are written by SQL handlers, which no fold can repeat');
  if (places.hasHoles) return audit.skip('events are missing, of which they may have been made');
  const { projection } = audit;
  const lacking = unreadable.find(
    ({ type, code, position }) =>
      position <= audit.position &&
      // What an event of an unknown type was before somebody renamed it, nobody knows.
      (code === 'UNKNOWN_EVENT_TYPE' || projection.handlerOf(type) !== undefined),
  );
  return (
    lacking && audit.skip(`position ${lacking.position} cannot be read, of which they may have been made`)
  );
}

async function checkTags({ archive }: AuditSubject['stored']): Promise<Finding> {
  const list = new Checklist('the index of tags is complete');
  const { checked, faults } = await archive.checkTags();
  list.pass(checked - faults.filter(({ isMissing }) => isMissing).length);
  for (const { tag, position, isMissing } of faults)
    list.fail(
      isMissing
        ? `the tag "${tag}" of position ${position} is not in the index`
        : `the index has the tag "${tag}" for position ${position}, whose event has not`,
    );
  return list.finding;
}
