import type { InferSelectModel } from 'drizzle-orm';
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core';
import type { AnyEventDefinition, DataOf, StoredEvent, TypeOf } from '../domain/event.ts';
import { carries, type Query } from '../domain/query.ts';
import { upcastEvent } from '../domain/upcast-event.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';
import { checkKeys, checkRow } from './check-handler.ts';
import {
  checkLists,
  checkName,
  checkShards,
  checkStart,
  keyColumnOf,
  positionColumnOf,
  requiredFields,
} from './check-projection.ts';
import { checkTimeout } from './check-timeout.ts';
import { definitionFingerprint } from './definition-fingerprint.ts';
import type { SqlTarget, SqlWork, TableMap } from './sql-handler.ts';

/** A row of a read table as folds see it: without the position, which Livefold writes. */
export type RowOf<Table extends PgTable> = Omit<InferSelectModel<Table>, 'position'>;

/** Any projection's row, where the table is not known. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** A row as the projection's table holds it, with its position. */
export type StoredRow<P extends AnyProjection> = P['table']['$inferSelect'];

/** The rows that an event concerns: one key, several, or none. */
export type Keys = string | readonly string[] | null;

/** The fields of an event's data that hold a row's key, or several. */
export type KeyFieldOf<Data> = {
  [Field in keyof Data & string]: Data[Field] extends Keys ? Field : never;
}[keyof Data & string];

/** The rows that an event concerns, by the field that holds their keys or by a function. */
export type KeysBy<Definition extends AnyEventDefinition> =
  | KeyFieldOf<DataOf<Definition>>
  | ((event: StoredEvent<TypeOf<Definition>, DataOf<Definition>>) => Keys);

/**
 * The row after an event. `row` is undefined when there is none yet. The answer is the new row, `null` to delete it, or
 * undefined to leave it as it is.
 */
export type RowFold<Row, Event extends StoredEvent> = (
  row: Row | undefined,
  event: Event,
  key: string,
) => Row | null | undefined;

/** What a field of the objects in a list is. */
export type ItemField = 'text' | 'number' | 'decimal' | 'boolean';

/** The lists of objects that rows hold as JSON, and the fields of those objects that filters may ask about. */
export type Lists = Readonly<Record<string, Readonly<Record<string, ItemField>>>>;

/** What a projection does about an event type: it folds rows, or works by handwritten SQL. */
export type Handler = {
  readonly keys: (event: StoredEvent) => Keys;
  readonly fold?: RowFold<AnyRow, StoredEvent>;
  readonly work?: SqlWork<PgTable, TableMap, StoredEvent>;
};

/**
 * What becomes of an event that cannot be folded. `park` keeps its key as it is, and the key's later events back, while all others go
 * on; `retry` has the whole batch wait and be tried again, for as long as it takes; `stop` stops the projection there.
 */
export type FaultDecision = 'park' | 'retry' | 'stop';

export type ProjectionOptions<Tables extends TableMap = TableMap> = {
  /** `async` folds behind the append, in batches; `inline` in the append's own transaction. */
  readonly mode?: 'async' | 'inline';
  /**
   * Over how many parts its keys are spread, each of which one process at a time folds; 1 unless given. It can be another
   * number at the next deployment. Live fields of a projection of several shards read the table at every change.
   */
  readonly shards?: number;
  /** Only events that carry all of these tags; any event of the types that it handles unless given. */
  readonly tags?: readonly string[];
  /**
   * Where it starts when it is run for the first time, and not again: at the `beginning` of the log (unless given), at its
   * `end`, or behind a position that the log has reached.
   */
  readonly startAt?: StartAt;
  /**
   * Decides what becomes of an event that cannot be folded, by its error: `code` says what went wrong, `cause` is what a handler or the
   * database threw. It is parked unless this says otherwise. A database that is out of reach is none of its business: that is waited for.
   */
  readonly onError?: (error: LivefoldError) => FaultDecision;
  /** After so many milliseconds a handler that does not return is broken off, which is an error like any other; 10,000 unless given. */
  readonly timeout?: number;
  /** Further tables that its SQL handlers write. */
  readonly tables?: Tables;
  /**
   * Give another one when rows change although no handler does, since what a handler calls does: then it is known that the
   * table is to be rebuilt.
   */
  readonly version?: string | number;
  /** The table's `jsonb` columns that hold lists of objects, for filters: `{ lines: { sku: 'text', amount: 'decimal' } }`. */
  readonly lists?: Lists;
};

export type StartAt = 'beginning' | 'end' | Position;

/** A projection of any table: what the machinery works with. */
export interface AnyProjection {
  readonly name: string;
  /** The name under which its position is kept: its own, or that of one shard of it. */
  readonly unit: string;
  readonly shards: number;
  readonly table: PgTable;
  readonly mode: 'async' | 'inline';
  readonly startAt: StartAt;
  /** Whether its rows are written by SQL handlers, and not folded. */
  readonly isSql: boolean;
  /** The further tables that SQL handlers write. */
  readonly tables: TableMap;
  /** The table's key column and the one that holds the position that last changed a row. */
  readonly keyColumn: PgColumn;
  readonly positionColumn: PgColumn;
  /** The name under which rows carry their key. */
  readonly keyField: string;
  readonly lists: Lists;
  readonly types: readonly string[];
  /** The events that it folds: those of its types that carry its tags. */
  readonly query: Query;
  readonly onError?: ((error: LivefoldError) => FaultDecision) | undefined;
  readonly timeout: number;
  /** Another one means that rows would be folded otherwise than they were. */
  readonly fingerprint: string;
  handlerOf(type: string): Handler | undefined;
}

/** All tables that a projection writes, its own first. */
export function tablesOf({ table, tables }: Pick<AnyProjection, 'table' | 'tables'>): readonly PgTable[] {
  return [table, ...Object.values(tables)];
}

/** The same projection, but for what is given: one of its shards, say, or its folds into another table. */
export function variantOf(projection: AnyProjection, changes: Partial<AnyProjection>): AnyProjection {
  const { name, unit, shards, table, mode, startAt, isSql, tables, keyColumn, positionColumn } = projection;
  const { keyField, lists, types, query, onError, timeout, fingerprint } = projection;
  return {
    ...{ name, unit, shards, table, mode, startAt, isSql, tables, keyColumn, positionColumn },
    ...{ keyField, lists, types, query, onError, timeout, fingerprint },
    handlerOf: (type) => projection.handlerOf(type),
    ...changes,
  };
}

/** A fold of the whole log into a table: one row per key. */
export class Projection<Table extends PgTable, Tables extends TableMap = TableMap> implements AnyProjection {
  readonly name: string;
  readonly unit: string;
  readonly shards: number;
  readonly table: Table;
  readonly mode: 'async' | 'inline';
  readonly keyColumn: PgColumn;
  readonly positionColumn: PgColumn;
  readonly keyField: string;
  readonly startAt: StartAt;
  readonly tables: Tables;
  readonly #tags: readonly string[];
  readonly onError: ((error: LivefoldError) => FaultDecision) | undefined;
  readonly timeout: number;
  readonly lists: Lists;
  readonly #handlers = new Map<string, Handler>();
  /** As they were given, to tell another definition from this one. */
  readonly #sources = new Map<string, readonly unknown[]>();
  readonly #version: string | number | undefined;

  constructor(name: string, table: Table, options: ProjectionOptions<Tables> = {}) {
    this.name = checkName(name);
    this.unit = name;
    this.table = table;
    this.#version = options.version;
    this.mode = options.mode ?? 'async';
    this.shards = checkShards(name, this.mode, options.shards ?? 1);
    this.startAt = checkStart(name, options.startAt ?? 'beginning');
    // Without the option its type has no names.
    this.tables = options.tables ?? ({} as Tables);
    this.#tags = options.tags ?? [];
    this.onError = options.onError;
    this.timeout = checkTimeout(`projection "${name}"`, options.timeout);
    this.lists = checkLists(name, table, options.lists ?? {});
    this.positionColumn = positionColumnOf(name, table);
    [this.keyField, this.keyColumn] = keyColumnOf(name, table);
  }

  /** The event types that can change a row. */
  get types(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  get query(): Query {
    return { items: [{ types: this.types, ...(this.#tags.length > 0 && { tags: this.#tags }) }] };
  }

  get fingerprint(): string {
    return definitionFingerprint({
      version: this.#version,
      tags: this.#tags,
      tables: tablesOf(this),
      handlers: this.#sources,
    });
  }

  /**
   * Adds how one event type changes the rows it concerns: those whose keys a field of its data holds, or a function gives.
   * A second handler for a type is refused. Both see an older event as its definition knows it today.
   */
  on<Definition extends AnyEventDefinition>(
    definition: Definition,
    keys: KeysBy<Definition>,
    fold: RowFold<RowOf<Table>, StoredEvent<TypeOf<Definition>, DataOf<Definition>>>,
  ): this {
    const known = knownBy(definition);
    const { name, keyField } = this;
    const required = requiredFields(this.table);
    return this.#add(definition, [keys, fold], {
      fold(row, event, key) {
        const next = fold(row as RowOf<Table> | undefined, known(event), key);
        return checkRow(next, { projection: name, event, key, keyField, required });
      },
    });
  }

  /**
   * Adds how one event type changes the tables by handwritten SQL, in the transaction that also moves the position. For what
   * the fold of a row cannot do: further tables, updates of many rows at once. A projection has either folds or these. No audit
   * and no look into the past can fold such rows again.
   */
  sql<Definition extends AnyEventDefinition>(
    definition: Definition,
    keys: KeysBy<Definition>,
    work: SqlWork<Table, Tables, StoredEvent<TypeOf<Definition>, DataOf<Definition>>>,
  ): this {
    const known = knownBy(definition);
    return this.#add(definition, [keys, work], {
      // Whoever calls it gives the projection's own tables, or others of their form.
      work: (transaction, event, target) =>
        work(transaction, known(event), target as SqlTarget<Table, Tables>),
    });
  }

  /** Whether its rows are written by SQL handlers. */
  get isSql(): boolean {
    return [...this.#handlers.values()].some(({ work }) => work !== undefined);
  }

  handlerOf(type: string): Handler | undefined {
    return this.#handlers.get(type);
  }

  #add<Definition extends AnyEventDefinition>(
    definition: Definition,
    given: readonly [keys: KeysBy<Definition>, handler: unknown],
    does: Pick<Handler, 'fold' | 'work'>,
  ): this {
    const { name } = this;
    const { type } = definition;
    if (this.#handlers.has(type))
      throw new LivefoldError('DUPLICATE_HANDLER', `The projection "${name}" handles ${type} twice.`);
    if (this.#handlers.size > 0 && this.isSql !== (does.work !== undefined))
      throw new LivefoldError(
        'MIXED_HANDLERS',
        `The projection "${name}" has folds and SQL handlers, which do not see what the others write: make two projections of it.`,
      );
    this.#sources.set(type, given);
    const known = knownBy(definition);
    const [keys] = given;
    const keysOf =
      typeof keys === 'string' ? ({ data }: ReturnType<typeof known>) => data[keys] as Keys : keys;
    this.#handlers.set(type, {
      ...does,
      keys: (event) =>
        carries(event, this.#tags) ? checkKeys(keysOf(known(event)), { projection: name, event }) : null,
    });
    return this;
  }
}

function knownBy<Definition extends AnyEventDefinition>(definition: Definition) {
  // The type name decides which handler an event meets, and its data had to fit the definition's schema to be stored.
  return (event: StoredEvent) =>
    upcastEvent(definition, event) as StoredEvent<TypeOf<Definition>, DataOf<Definition>>;
}

/**
 * Starts a projection into a Drizzle table, which has one text-like primary key column and a column `position`
 * (`bigint`, not null, in number mode).
 *
 * @throws LivefoldError `INVALID_READ_TABLE` when the table has not
 * @throws LivefoldError `INVALID_NAME`, `INVALID_SHARDS`, `INVALID_START`, `INVALID_TIMEOUT`
 */
export function projection<Table extends PgTable, Tables extends TableMap = Record<never, never>>(
  name: string,
  table: Table,
  options?: ProjectionOptions<Tables>,
): Projection<Table, Tables> {
  return new Projection(name, table, options);
}
