import { consumerConflict } from '../../persistence/refusals.ts';
import type { Tracking } from '../../persistence/tracking.ts';
import type { Connection } from './connection.ts';
import type { SqliteFile } from './sqlite-file.ts';
import type { SqliteTransaction } from './sqlite-transaction.ts';

export function createSqliteTracking(file: SqliteFile): Tracking<SqliteTransaction> {
  return {
    async positionOf(consumer) {
      return file.read('reading a consumer', (connection) => positionOf(connection, consumer)) ?? null;
    },

    advance: (consumer, position, { transaction } = {}) =>
      file.write('moving a consumer', (connection) => advance(connection, consumer, position), {
        transaction,
      }),
  };
}

function positionOf(connection: Connection, consumer: string): number | undefined {
  return connection.get<[number]>('select position from tracking where consumer = ?', consumer)?.[0];
}

function advance(connection: Connection, consumer: string, position: number): void {
  const current = positionOf(connection, consumer);
  if (current !== undefined && current >= position) throw consumerConflict(consumer, position, current);
  connection.run(
    'insert into tracking (consumer, position) values (?, ?) on conflict (consumer) do update set position = excluded.position',
    consumer,
    position,
  );
}
