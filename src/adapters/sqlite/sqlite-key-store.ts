import type { KeyStore, StoredKey } from '../../persistence/key-store.ts';
import type { Connection } from './connection.ts';
import type { SqliteFile } from './sqlite-file.ts';
import { SqliteTransaction } from './sqlite-transaction.ts';

type KeyRow = readonly [id: string, subject: string | null, masterId: string, wrapped: Uint8Array | null];

export function createSqliteKeyStore(file: SqliteFile): KeyStore {
  return {
    async findKeys({ ids = [], subjects = [] }) {
      const find = (connection: Connection): readonly KeyRow[] =>
        connection.all<KeyRow>(
          `select id, subject, master_id, wrapped from keys
           where id in (select value from json_each(?)) or subject in (select value from json_each(?))
             or (? and subject is null) order by id`,
          JSON.stringify(ids),
          JSON.stringify(subjects),
          Number(subjects.includes(null)),
        );
      return file.read('looking up keys', find).map(decodeKey);
    },

    addKeys: (keys, { transaction } = {}) =>
      file.write('adding keys', (connection) => keys.map((key) => decodeKey(addKey(connection, key))), {
        ...(transaction instanceof SqliteTransaction && { transaction }),
      }),

    async listKeys({ after = '', limit }) {
      const list = (connection: Connection): readonly KeyRow[] =>
        connection.all<KeyRow>(
          'select id, subject, master_id, wrapped from keys where id > ? order by id limit ?',
          after,
          limit,
        );
      return file.read('listing keys', list).map(decodeKey);
    },

    rewrapKeys: (keys) =>
      file.write('rewrapping keys', (connection) => {
        for (const { id, masterId, wrapped } of keys)
          connection.run(
            'update keys set master_id = ?, wrapped = ? where id = ? and wrapped is not null',
            masterId,
            wrapped,
            id,
          );
      }),
  };
}

/** Adds a key, unless it or another one of its subject is there; what is there then is the answer. */
function addKey(connection: Connection, { id, subject, masterId, wrapped }: StoredKey): KeyRow {
  connection.run(
    'insert into keys (id, subject, master_id, wrapped) values (?, ?, ?, ?) on conflict do nothing',
    id,
    subject,
    masterId,
    wrapped,
  );
  const found = connection.get<KeyRow>(
    'select id, subject, master_id, wrapped from keys where id = ? or subject = ?',
    id,
    subject,
  );
  return found ?? [id, subject, masterId, wrapped];
}

function decodeKey([id, subject, masterId, wrapped]: KeyRow): StoredKey {
  return { id, subject, masterId, wrapped };
}
