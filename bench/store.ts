import postgres from 'postgres';
import { createMemoryPersistence } from '../src/adapters/memory/memory-persistence.ts';
import { openDatabase } from '../src/adapters/postgres/database.ts';
import { migrateDatabase } from '../src/adapters/postgres/migrate.ts';
import { createPostgresPersistence } from '../src/adapters/postgres/postgres-persistence.ts';
import { everything, streamQuery } from '../src/domain/query.ts';
import { createMappedEventStore } from '../src/persistence/mapper/mapped-event-store.ts';
import { createMapper } from '../src/persistence/mapper/mapper.ts';
import { createMasterKey, parseMasterKeys } from '../src/persistence/mapper/master-keys.ts';
import type { Benchmark, Row } from './benchmark.ts';
import { type Measured, measure, median, perSecond, ratio, type Side } from './compare.ts';
import { appendGuarded, type Guard } from './store/deciding.ts';
import { fillLog, longStream } from './store/fill-log.ts';
import { loads, selectRow } from './store/loading.ts';
import { memoryOfReading } from './store/memory.ts';
import { readRaw, readThrough } from './store/reading.ts';
import { sideOf } from './store/side.ts';
import { openSqliteSides } from './store/sqlite-sides.ts';
import { streamItems } from './store/stream-items.ts';

const few = 10_000;
const many = 1_000_000;

export const benchmark: Benchmark = {
  name: 'store',
  describe: 'the three stores: append, read, load, decide over 10,000 and 1,000,000 events, seal',

  async run({ databaseUrl, progress }) {
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} });
    await using stack = new AsyncDisposableStack();
    stack.defer(() => sql.end());
    const database = openDatabase(databaseUrl);
    stack.defer(() => database.close());
    const open = async (schema: string) => {
      await migrateDatabase({ url: databaseUrl, schema });
      return createPostgresPersistence({ database, schema });
    };
    const compare = (title: string, sides: readonly Side[]): Promise<readonly Measured[]> => {
      progress(`${title}:`);
      return measure(sides, { rounds: 5, seconds: 1.5, progress });
    };

    const sqlite = stack.use(await openSqliteSides());
    const written = await open('written');
    const memory = createMemoryPersistence();
    const rows: Row[] = [];
    for (const size of [1, 10]) {
      const title = `append ${size === 1 ? 'alone' : 'in tens'}`;
      const items = (count: number) => streamItems(count, size);
      const [ours, raw, onPostgres, inMemory] = await compare(title, [
        sqlite.ours(size),
        sqlite.raw(size),
        sideOf('Postgres', items, (item) => written.events.append(item)),
        sideOf('memory', items, (item) => memory.events.append(item)),
      ]);
      rows.push(row(`${title}, SQLite ÷ raw inserts`, ours, raw, { least: 0.7 }));
      rows.push(row(`${title}, Postgres ÷ SQLite`, onPostgres, ours));
      rows.push(row(`${title}, memory ÷ SQLite`, inMemory, ours));
    }

    progress(`filling logs of ${few.toLocaleString('en')} and ${many.toLocaleString('en')} events …`);
    const small = await open('small');
    const large = await open('large');
    await fillLog(sql, 'small', few, { long: 0 });
    await fillLog(sql, 'large', many, { long: 10_000 });

    const stream = streamQuery(longStream);
    const [longRead, longRaw] = await compare('read a stream of 10,000 events', [
      readThrough(large.events, stream),
      readRaw(sql, 'large', longStream),
    ]);
    rows.push(row('read a stream of 10,000 events ÷ raw cursor', longRead, longRaw));
    const [logRead, logRaw] = await compare('read the log', [
      readThrough(large.events, everything),
      readRaw(sql, 'large'),
    ]);
    rows.push(row('read the log ÷ raw cursor', logRead, logRaw, { least: 0.6 }));
    progress(`memory while reading ${many.toLocaleString('en')} events …`);
    const { first, second } = await memoryOfReading(databaseUrl, 'large', many);
    rows.push({
      name: `memory while reading ${many.toLocaleString('en')} events, second half ÷ first`,
      figure: second / first,
      target: 1.1,
      bound: 'most',
      detail: `${Math.round(second)} MB to ${Math.round(first)} MB, a process that does nothing else`,
    });

    const { kept, folded } = await loads(large, longStream.replace('Course-', ''));
    const [oneRow, withSnapshot, without] = await compare('load an aggregate of 10,000 events', [
      selectRow(sql, 'large', longStream),
      kept,
      folded,
    ]);
    rows.push(row('one-row select ÷ load with a snapshot', oneRow, withSnapshot, { most: 2 }));
    rows.push(row('one-row select ÷ load without one', oneRow, without));

    const deciding = ['stream', '1 tag', '3 tags'] as const satisfies readonly Guard[];
    const [plain, one, three, oneOfFew, threeOfFew] = await compare('append under a condition', [
      ...deciding.map((guard) =>
        appendGuarded(large.events, guard, `${guard}, ${many.toLocaleString('en')}`),
      ),
      ...deciding
        .slice(1)
        .map((guard) => appendGuarded(small.events, guard, `${guard}, ${few.toLocaleString('en')}`)),
    ]);
    rows.push(row('condition on 1 tag: at 10,000 events ÷ at 1,000,000', oneOfFew, one, { most: 1.5 }));
    rows.push(row('condition on 3 tags: at 10,000 events ÷ at 1,000,000', threeOfFew, three, { most: 1.5 }));
    rows.push(row('plain append ÷ condition on 1 tag, 1,000,000 events', plain, one, { most: 2 }));
    rows.push(row('plain append ÷ condition on 3 tags, 1,000,000 events', plain, three, { most: 2 }));

    const sealed = await open('sealed');
    const mapper = createMapper({
      keys: { store: sealed.keys, masterKeys: parseMasterKeys(createMasterKey()) },
      encrypt: true,
      compressFrom: 64,
    });
    const unsealed = await open('unsealed');
    const sealing = createMappedEventStore(sealed.events, mapper);
    const [sealedRate, plainRate] = await compare('append sealed: compressed and encrypted', [
      sideOf(
        'sealed',
        (count) => streamItems(count, 1),
        (item) => sealing.append(item),
      ),
      sideOf(
        'plain',
        (count) => streamItems(count, 1),
        (item) => unsealed.events.append(item),
      ),
    ]);
    rows.push(row('append sealed ÷ plain', sealedRate, plainRate, { least: 0.7 }));
    return rows;
  },
};

function row(
  name: string,
  ours: Measured | undefined,
  theirs: Measured | undefined,
  target: { readonly least?: number; readonly most?: number } = {},
): Row {
  const [one, other] = [ours ?? { name: '', rates: [] }, theirs ?? { name: '', rates: [] }];
  const bound = target.most === undefined ? 'least' : 'most';
  const value = target.most ?? target.least;
  return {
    name,
    figure: ratio(one, other),
    ...(value !== undefined && { target: value }),
    bound,
    detail: `${perSecond(median(one.rates))} to ${perSecond(median(other.rates))}`,
  };
}
