import type postgres from 'postgres';
import type { Query } from '../../src/domain/query.ts';
import type { EventStore } from '../../src/persistence/event-store.ts';
import type { Side } from '../compare.ts';

/** Reads so many events that a query gives, again and again. */
export function readThrough(store: EventStore, query: Query): Side {
  return {
    name: 'livefold',
    prepare: (count) => async () => {
      for (let left = count; left > 0; ) {
        let read = 0;
        for await (const event of store.read(query, { limit: left })) if (event.position > 0) read += 1;
        left -= read;
      }
    },
  };
}

/** A cursor over the same rows, every column, as many a fetch as `store.read` takes. */
export function readRaw(sql: postgres.Sql, schema: string, stream?: string): Side {
  const log = sql(`${schema}.events`);
  return {
    name: 'raw cursor',
    prepare: (count) => async () => {
      for (let left = count; left > 0; ) {
        let read = 0;
        const rows =
          stream === undefined
            ? sql`select * from ${log} order by position limit ${left}`
            : sql`select * from ${log} where stream = ${stream} order by version limit ${left}`;
        await rows.cursor(8_000, (page) => {
          for (const { position } of page) if (position > 0) read += 1;
        });
        left -= read;
      }
    },
  };
}
