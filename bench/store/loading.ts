import type postgres from 'postgres';
import { z } from 'zod';
import { Repository } from '../../src/application/repository.ts';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import type { Persistence } from '../../src/persistence/persistence.ts';
import type { Side } from '../compare.ts';
import { sideOf } from './side.ts';

const Subscribed = event('StudentSubscribed', z.object({ studentId: z.string() }));
const state = fold({ seats: 0, last: '' }).on(Subscribed, ({ seats }, { data }) => ({
  seats: seats + 1,
  last: data.studentId,
}));

/** The same aggregate, with a snapshot and without. */
const Kept = aggregate('Course', { state, snapshots: {}, commands: () => ({}) });
const Folded = aggregate('Course', { state, commands: () => ({}) });

/** Loads the aggregate of a stream of ten thousand events, nothing of it in memory. */
export async function loads(
  { events, snapshots }: Persistence,
  id: string,
): Promise<{ readonly kept: Side; readonly folded: Side }> {
  await new Repository(events, { snapshots }).snapshot(Kept, id);
  const load = (name: string, root: typeof Kept): Side =>
    sideOf(
      name,
      (count) => Array.from({ length: count }, () => new Repository(events, { snapshots })),
      (repository) => repository.loadFresh(root, id),
    );
  return { kept: load('with a snapshot', Kept), folded: load('from its events', Folded) };
}

/** One row by its primary key. */
export function selectRow(sql: postgres.Sql, schema: string, stream: string): Side {
  const snapshots = sql(`${schema}.snapshots`);
  return sideOf(
    'one row',
    (count) => Array.from({ length: count }),
    async () => sql`select * from ${snapshots} where stream = ${stream}`,
  );
}
