import type { Query } from '../../domain/query.ts';
import { lowest } from '../../kernel/lowest.ts';
import type { LogState } from '../../persistence/judge-append.ts';
import type { StoredCommand } from '../../persistence/log-archive.ts';
import type { Connection } from './connection.ts';
import { selectItem } from './select-item.ts';
import { sql } from './sql.ts';

/** The log as one connection sees it. */
export class SqliteLog implements LogState {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  get head(): number {
    return this.last()?.position ?? 0;
  }

  get recorded(): number | undefined {
    return this.last()?.recorded;
  }

  last(): { readonly position: number; readonly recorded: number } | undefined {
    const row = this.#connection.get<[number, number]>(
      'select position, recorded_at from events order by position desc limit 1',
    );
    return row && { position: row[0], recorded: row[1] };
  }

  findCommand(id: string): StoredCommand | undefined {
    const row = this.#connection.get<[string, number, number]>(
      'select fingerprint, position, events from commands where id = ?',
      id,
    );
    return row && { id, fingerprint: row[0], position: row[1], events: row[2] };
  }

  versionOf(stream: string): number {
    const row = this.#connection.get<[number]>(
      'select version from events where stream = ? order by version desc limit 1',
      stream,
    );
    return row?.[0] ?? 0;
  }

  hasMatch({ items }: Query, after: number): boolean {
    if (items.length === 0) return this.head > after;
    const range = { after, before: Number.MAX_SAFE_INTEGER };
    return items.some(
      (item) =>
        this.#connection.select(selectItem(this.#connection, item, { columns: sql`1`, range, limit: 1 }))
          .length > 0,
    );
  }

  /** The position behind the last event recorded at or before a time. Times never fall along the log. */
  endOf(asOf: Date): number {
    const time = asOf.getTime();
    return lowest(1, this.head + 1, (position) => {
      const row = this.#connection.get<[number]>(
        'select recorded_at from events where position = ?',
        position,
      );
      return row === undefined || row[0] > time;
    });
  }
}
