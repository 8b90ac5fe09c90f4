import { isDeepStrictEqual } from 'node:util';
import { Checklist, type Finding } from '../../src/consumption/audit/finding.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { LogWatcher } from '../clients/log-watcher.ts';
import type { RowWatcher } from '../clients/row-watcher.ts';

type Row = Readonly<Record<string, unknown>> & { readonly id: string };

/** What a watcher of the log was told is the log. */
export function checkLogWatcher(
  name: string,
  { ids, faults }: LogWatcher,
  events: readonly StoredEvent[],
): Finding {
  const list = new Checklist(`${name} was told the log, in order, each event once`);
  for (const fault of faults) list.fail(fault);
  for (const [index, { id, position }] of events.entries()) {
    if (ids[index] === id) list.pass();
    else list.fail(`position ${position} is ${id}, and it was told ${ids[index]}`);
  }
  if (ids.length > events.length)
    list.fail(`it was told ${ids.length} events, and there are ${events.length}`);
  return list.finding;
}

/** What a watcher of a live field holds is the read table. */
export function checkRowWatcher({ field, rows, faults }: RowWatcher, table: readonly Row[]): Finding {
  const list = new Checklist(`the live field ${field} shows the read table`);
  for (const fault of faults) list.fail(fault);
  for (const row of table) {
    const held = rows.get(row.id);
    const shown = held && Object.fromEntries(Object.keys(held).map((name) => [name, row[name]]));
    if (isDeepStrictEqual(held, shown) && held !== undefined) list.pass();
    else list.fail(`${row.id} is ${JSON.stringify(row)}, and it holds ${JSON.stringify(held)}`);
  }
  if (rows.size > table.length) list.fail(`it holds ${rows.size} rows, and there are ${table.length}`);
  return list.finding;
}
