import { type Frame, foldFrames } from '../../../src/client.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import { matches, type Query } from '../../../src/domain/query.ts';
import type { LiveField } from './live-fields.ts';
import { type CustomerRow, Customers } from './live-shop.ts';
import { TableHistory } from './table-history.ts';
import type { Told } from './watcher.ts';

type Of<Kind extends LiveField['kind']> = Extract<LiveField, { readonly kind: Kind }>;

export type Checked = {
  readonly told: readonly Told[];
  /** The whole log. */
  readonly log: readonly StoredEvent[];
  /** Whether the client gives all rows each time. */
  readonly folds: boolean;
};

/** What is wrong with all that a client was told of a live field, once it has had the time to hear of everything. */
export function checkTold(field: LiveField, checked: Checked): readonly string[] {
  if (checked.told.length === 0) return ['it was told nothing'];
  if (field.kind === 'rows') return checkRows(field, checked);
  if (field.kind === 'events') return checkEvents(field, checked);
  if (field.kind === 'row') return checkRow(field, checked);
  return checkState(field, checked);
}

/** One snapshot and then changes, at positions that rise; the rows are at each of them what the log says, and in the end too. */
function checkRows(field: Of<'rows'>, { told, log, folds }: Checked): readonly string[] {
  const { projection, isMeant, shows } = field;
  const history = new TableHistory(projection, log, (row) =>
    isMeant(row) ? Object.fromEntries(shows.map((name) => [name, row[name]])) : undefined,
  );
  const fold = foldFrames(field.field, projection.keyField);
  const faults: string[] = [];
  let last = 0;
  for (const [index, { position, value }] of told.entries()) {
    // The document selects what a frame has.
    const frame = value as Frame;
    const at = Number(position);
    if (position !== frame.position) faults.push(`the result says ${position}, the frame ${frame.position}`);
    if (at <= last) faults.push(`behind a frame at ${last} came one at ${at}`);
    if ((frame.kind === 'SNAPSHOT') !== (folds || index === 0)) faults.push(`at ${at} is a ${frame.kind}`);
    last = at;
    const held = new Map(fold(frame).upserted.map((row) => [String(row[projection.keyField]), row]));
    const times = index === told.length - 1 ? [at, positionOf(log.at(-1))] : [at];
    for (const time of times)
      for (const key of history.differences(held, time))
        faults.push(
          `with a frame at ${at} it holds ${key} as ${JSON.stringify(held.get(key))}, and at ${time} it was not so`,
        );
  }
  return faults;
}

/** Exactly the events that are meant, in order, none missed and none twice. */
function checkEvents({ query, view }: Of<'events'>, { told, log }: Checked): readonly string[] {
  const meant = meantBy(query, log).map((event) => ({
    position: String(event.position),
    value: view(event),
  }));
  return differencesOf(told, meant);
}

/** The row as it was when the client came, then each of its changes. */
function checkRow({ key }: Of<'row'>, { told, log }: Checked): readonly string[] {
  const changes: Told[] = [{ position: '0', value: null }];
  let state: { readonly key: string; readonly row: CustomerRow | undefined } = { key, row: undefined };
  for (const event of meantBy(Customers.query(key), log)) {
    const next = Customers.state.apply(state, event);
    if (next !== state) changes.push({ position: String(event.position), value: next.row ?? null });
    state = next;
  }
  const start = Number(told[0]?.position);
  const first = changes.findLast(({ position }) => Number(position) <= start);
  const others = changes.filter(({ position }) => Number(position) > start);
  return differencesOf(told, [{ position: String(start), value: first?.value }, ...others]);
}

/** Nothing of it is of one position: what counts is the last. */
function checkState({ isLast }: Of<'state'>, { told, log }: Checked): readonly string[] {
  const last = told.at(-1)?.value;
  return isLast(last, positionOf(log.at(-1))) ? [] : [`the last that it was told is ${JSON.stringify(last)}`];
}

function meantBy(query: Query, log: readonly StoredEvent[]): readonly StoredEvent[] {
  return log.filter((event) => matches(query, event));
}

function positionOf(event: StoredEvent | undefined): number {
  return event?.position ?? 0;
}

function differencesOf(told: readonly Told[], meant: readonly Told[]): readonly string[] {
  const indexes = [...(told.length > meant.length ? told : meant).keys()];
  const pairs = indexes.map((index) => [told[index], meant[index]].map((one) => JSON.stringify(one)));
  return pairs
    .filter(([is, should]) => is !== should)
    .map(([is, should]) => `it was told ${is}, not ${should}`);
}
