import { LivefoldError } from '../../kernel/errors.ts';
import { Connection } from './connection.ts';
import { retryWhileBusy } from './retry-while-busy.ts';
import { applicationId, schema, schemaVersion } from './schema.ts';

/** A connection to write with and one to read with, so that a reader sees committed events alone and waits for nobody. */
export type Connections = { readonly writer: Connection; readonly reader: Connection };

type OpenOptions = { readonly readOnly: boolean; readonly timeout: number };

/** Opens the file, and makes its tables if it is new. */
export async function openConnections(path: string, options: OpenOptions): Promise<Connections> {
  const opened: Connection[] = [];
  const open = (readOnly: boolean): Connection => {
    const connection = new Connection(path, { readOnly });
    opened.push(connection);
    return connection;
  };
  try {
    const writer = open(options.readOnly);
    await retryWhileBusy(options.timeout, () => prepare(writer, path, options.readOnly));
    const reader = open(true);
    // A reader waits only while somebody repairs what a killed process left, which is soon done.
    reader.database.exec('pragma busy_timeout = 1000');
    return { writer, reader };
  } catch (error) {
    for (const connection of opened) connection.close();
    throw error;
  }
}

function prepare(writer: Connection, path: string, readOnly: boolean): void {
  // Before anything is changed: the file may be somebody else's.
  const version = findVersion(writer, path);
  if (readOnly && version === 0) throw unknownFormat(path, 'is empty, and was opened to be read only');
  if (readOnly) return;
  const [mode] = writer.get<[string]>('pragma journal_mode = wal') ?? [];
  if (mode !== 'wal')
    throw new LivefoldError(
      'DATABASE_ERROR',
      `The file ${path} cannot have a write-ahead log: put it on a local disk.`,
      { fields: { path } },
    );
  // An acknowledged append survives a power cut, not only a crash of the process.
  writer.database.exec('pragma synchronous = full');
  if (version === 0) create(writer, path);
}

function create(writer: Connection, path: string): void {
  writer.database.exec('begin immediate');
  try {
    // Another process may have made the tables since they were looked for.
    if (findVersion(writer, path) === 0) writer.database.exec(schema);
    writer.database.exec('commit');
  } finally {
    if (writer.isInTransaction) writer.database.exec('rollback');
  }
}

/** The version of the file's tables; 0 for a file that is empty. */
function findVersion(connection: Connection, path: string): number {
  const [application = 0] = connection.get<[number]>('pragma application_id') ?? [];
  const [version = 0] = connection.get<[number]>('pragma user_version') ?? [];
  const [tables = 0] = connection.get<[number]>('select count(*) from sqlite_schema') ?? [];
  if (application === 0 && version === 0 && tables === 0) return 0;
  if (application !== applicationId) throw unknownFormat(path, 'is a database of something else');
  if (version > schemaVersion)
    throw unknownFormat(
      path,
      `was written by a newer Livefold (its tables have version ${version}, this one knows ${schemaVersion})`,
    );
  return version;
}

function unknownFormat(path: string, what: string): LivefoldError {
  return new LivefoldError(
    'STORE_UNKNOWN_FORMAT',
    `The file ${path} ${what}: give another path, or the Livefold that wrote it.`,
    { fields: { path } },
  );
}
