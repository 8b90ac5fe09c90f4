/** What somebody would write by hand for the same table: `node by-hand-process.ts URL EVENTS` prints samples as JSON. */

import postgres from 'postgres';
import { type Sample, sampleAt } from './samples.ts';

type Stored = {
  readonly position: string;
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
};
type Row = { readonly id: string; status: string; readonly total: string; position: number };

const page = 8_000;
const [databaseUrl = '', events] = process.argv.slice(2);
// Nobody tunes a plan by hand that was made while the table was empty: each statement is planned for its page.
const sql = postgres(databaseUrl, {
  max: 1,
  prepare: false,
  onnotice: () => {},
  connection: { synchronous_commit: 'off' },
});
const samples: Sample[] = [];
let after = 0;

while (after < Number(events)) {
  const stored = await sql<Stored[]>`
    select position, type, data from livefold.events where position > ${after} order by position limit ${page}`;
  const ids = [...new Set(stored.map(({ data }) => data.orderId ?? ''))];
  const found = await sql<Row[]>`select id, status, total from consume_orders where id = any(${ids})`;
  const rows = new Map(found.map((row) => [row.id, { ...row }]));
  for (const one of stored) foldInto(rows, one);
  after = Number(stored.at(-1)?.position);
  await write([...rows.values()], after);
  samples.push(sampleAt(after));
}
await sql.end();
console.log(JSON.stringify(samples));

function foldInto(
  rows: Map<string, Row>,
  { position, type, data: { orderId = '', total = '' } }: Stored,
): void {
  const row = rows.get(orderId);
  if (type === 'Placed')
    rows.set(orderId, { id: orderId, status: 'placed', total, position: Number(position) });
  else if (row !== undefined) {
    row.status = type === 'Paid' ? 'paid' : 'shipped';
    row.position = Number(position);
  }
}

/** Rows and position in one transaction, as they must be. */
async function write(rows: readonly Row[], position: number): Promise<void> {
  const column = <Name extends keyof Row>(name: Name): Row[Name][] => rows.map((row) => row[name]);
  await sql`
    with stored as (
      insert into consume_orders (id, status, total, position)
      select * from unnest(${column('id')}::text[], ${column('status')}::text[], ${column('total')}::numeric[], ${column('position')}::bigint[])
      on conflict (id) do update set status = excluded.status, total = excluded.total, position = excluded.position)
    insert into livefold.tracking (consumer, position) values ('orders', ${position})
    on conflict (consumer) do update set position = excluded.position`;
}
