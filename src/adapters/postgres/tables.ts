import { sql } from 'drizzle-orm';
import {
  bigint,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

/** Where Livefold's own tables live unless an application names another schema. */
export const defaultSchema = 'livefold';

/** Text compared by its bytes: stream ids, tags and keys have no language, and this comparison is the fastest one. */
const binaryText = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/** What a mapper sealed: compressed, encrypted, or both. */
const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });

const position = () => bigint('position', { mode: 'number' });
const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** Livefold's own tables in one Postgres schema; `livefold`, or another name for each application of a shared database. */
export function livefoldTables(schemaName: string = defaultSchema) {
  const schema = pgSchema(schemaName);

  /** The log. Updates, deletes and truncation are refused by a trigger (see the migrations). */
  const events = schema.table(
    'events',
    {
      // Fixed-width columns first: no padding between them, 16 bytes a row.
      position: position().primaryKey(),
      id: uuid('id').notNull(),
      occurredAt: time('occurred_at').notNull(),
      recordedAt: time('recorded_at').notNull(),
      version: integer('version').notNull(),
      schemaVersion: smallint('schema_version').notNull(),
      stream: binaryText('stream').notNull(),
      type: binaryText('type').notNull(),
      tags: text('tags').array().notNull(),
      /** Plain data, which anyone can query, or null when it is `sealed`. */
      data: jsonb('data').$type<unknown>(),
      correlationId: text('correlation_id'),
      causationId: text('causation_id'),
      actor: text('actor'),
      tenant: text('tenant'),
      metadata: jsonb('metadata').$type<Record<string, unknown>>(),
      sealed: bytes('sealed'),
    },
    (table) => [
      unique('events_id').on(table.id),
      unique('events_stream_version').on(table.stream, table.version),
    ],
  );

  /** One row per tag of an event: the B-tree that queries by tag and DCB conditions walk. */
  const tags = schema.table(
    'tags',
    { tag: binaryText('tag').notNull(), position: position().notNull() },
    (table) => [primaryKey({ columns: [table.tag, table.position] })],
  );

  /** One row per command id: the receipt is the `events` events that end at `position`. */
  const commands = schema.table(
    'commands',
    {
      id: binaryText('id').primaryKey(),
      fingerprint: text('fingerprint').notNull(),
      position: position().notNull(),
      events: integer('events').notNull(),
    },
    // Rows come in the order of their positions: this kind of index costs an append next to nothing, and an export needs one.
    (table) => [index('commands_position').using('brin', table.position)],
  );

  /** The newest snapshot of each stream. */
  const snapshots = schema.table('snapshots', {
    stream: binaryText('stream').primaryKey(),
    version: integer('version').notNull(),
    position: position().notNull(),
    schemaVersion: integer('schema_version').notNull(),
    /** Plain state, or null when it is `sealed`. */
    state: jsonb('state').$type<unknown>(),
    sealed: bytes('sealed'),
    subjects: text('subjects').array().notNull(),
  });

  /** Wrapped keys. One that was destroyed stays as a row without bytes, so that its subject never gets another. */
  const keys = schema.table(
    'keys',
    {
      id: uuid('id').primaryKey(),
      subject: binaryText('subject'),
      masterId: text('master_id').notNull(),
      wrapped: bytes('wrapped'),
    },
    (table) => [unique('keys_subject').on(table.subject)],
  );

  /** Hashes of the log: at every thousandth position and at the newest one reached. Empty unless a hash chain is kept. */
  const chain = schema.table('chain', { position: position().primaryKey(), hash: text('hash').notNull() });

  /** How far each consumer has come. One that is spread over shards has a row for each of them besides, `consumer#0/4` and so on. */
  const tracking = schema.table('tracking', {
    consumer: binaryText('consumer').primaryKey(),
    position: position().notNull(),
    /** Where it began: nothing up to here was for it. */
    start: bigint('start', { mode: 'number' }).notNull().default(0),
    /** Removals at or below this position are no longer remembered, so nobody can resume from before it. */
    horizon: bigint('horizon', { mode: 'number' }).notNull().default(0),
    /** Over how many shards it is spread; with more than one, its own position means nothing. */
    shards: integer('shards').notNull().default(1),
    /** The member that works on it. It holds the lease for as long as its row in `members` says. */
    owner: uuid('owner'),
    /** Rises with each change of hands, so that whoever had the lease before commits nothing any more. */
    token: bigint('token', { mode: 'number' }).notNull().default(0),
    /** Where the log ended when it was shorter than what this consumer had seen: another log than the one it was folded from. */
    beyond: bigint('beyond', { mode: 'number' }),
    /** A fingerprint of the definition that its rows were folded with; null where none was kept. */
    definition: text('definition'),
    /** What was found wrong with its table, for as long as only a rebuild mends it. */
    fault: text('fault'),
  });

  /** The processes that are up. */
  const members = schema.table('members', {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    /** What it can run: consumers, and over how many shards each is to be spread. */
    consumers: jsonb('consumers').$type<Readonly<Record<string, number>>>().notNull(),
    /** How what it works on is doing. */
    states: jsonb('states').$type<Readonly<Record<string, unknown>>>().notNull(),
    /** Until when it counts as up, by the database's clock: its leases end here too. */
    leaseEnd: timestamp('lease_end', { withTimezone: true }).notNull(),
  });

  /** The keys that a projection removed, and the position that removed them. A key that has a row again is not removed, whatever stands here. */
  const tombstones = schema.table(
    'tombstones',
    {
      projection: binaryText('projection').notNull(),
      key: binaryText('key').notNull(),
      position: position().notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.projection, table.key] }),
      index('tombstones_position').on(table.projection, table.position),
    ],
  );

  /**
   * Events that are kept back: for each parked key first the one that could not be handled, with its error, then those that
   * came after it. The events themselves are on the log.
   */
  const parked = schema.table(
    'parked',
    {
      /** The projection, or a process manager as it is tracked. */
      consumer: binaryText('consumer').notNull(),
      key: binaryText('key').notNull(),
      position: position().notNull(),
      /** Null for the events that wait behind another. */
      error: text('error'),
      failures: integer('failures').notNull().default(0),
      parkedAt: time('parked_at').notNull(),
      /** When it is tried again by itself; null when that was tried often enough. */
      nextTry: time('next_try'),
      /** What an operator wants done about the key: `retry` or `skip`. */
      asked: text('asked').$type<'retry' | 'skip'>(),
    },
    (table) => [primaryKey({ columns: [table.consumer, table.key, table.position] })],
  );

  /** Events that an operator had left out of a key's fold. */
  const skipped = schema.table(
    'skipped',
    {
      consumer: binaryText('consumer').notNull(),
      key: binaryText('key').notNull(),
      position: position().notNull(),
      error: text('error').notNull(),
      skippedAt: time('skipped_at').notNull(),
    },
    (table) => [primaryKey({ columns: [table.consumer, table.key, table.position] })],
  );

  /** Commands of process managers that were rejected, so that one that is sent again meets the same answer. */
  const rejections = schema.table('rejections', {
    commandId: binaryText('command_id').primaryKey(),
    manager: binaryText('manager').notNull(),
    key: binaryText('key').notNull(),
    reason: text('reason').notNull(),
  });

  /** Tokens that are refused before they end: one by its id, or all that a subject had until then. */
  const revocations = schema.table(
    'revocations',
    {
      kind: text('kind').$type<'token' | 'subject'>().notNull(),
      id: binaryText('id').notNull(),
      revokedAt: timestamp('revoked_at', { withTimezone: true }).notNull(),
      /** When all tokens that it means have ended by themselves; `infinity` where nobody knows how long tokens live. */
      until: timestamp('until', { withTimezone: true }).notNull().default(sql`'infinity'`),
    },
    (table) => [primaryKey({ columns: [table.kind, table.id] })],
  );

  /** The state of each process of a process manager. */
  const processes = schema.table(
    'processes',
    {
      manager: binaryText('manager').notNull(),
      key: binaryText('key').notNull(),
      state: jsonb('state').$type<unknown>().notNull(),
      position: position().notNull(),
    },
    (table) => [primaryKey({ columns: [table.manager, table.key] })],
  );

  /** What a process manager is to be woken for, and when. */
  const timers = schema.table(
    'timers',
    {
      manager: binaryText('manager').notNull(),
      key: binaryText('key').notNull(),
      name: binaryText('name').notNull(),
      dueAt: time('due_at').notNull(),
      /** Up to which events were reacted to when it was set; one more than the process manager's own while it fires. */
      position: position().notNull(),
    },
    (table) => [
      primaryKey({ columns: [table.manager, table.key, table.name] }),
      index('timers_due').on(table.manager, table.dueAt),
    ],
  );

  return {
    ...{ schema, events, tags, commands, snapshots, keys, chain },
    ...{ tracking, members, tombstones, parked, skipped },
    ...{ processes, timers, rejections, revocations },
  };
}

export type LivefoldTables = ReturnType<typeof livefoldTables>;

/** The tables under the default name: what the migrations are generated from. */
export const {
  schema,
  events,
  tags,
  commands,
  snapshots,
  keys,
  chain,
  tracking,
  members,
  tombstones,
  parked,
  skipped,
  processes,
  timers,
  rejections,
  revocations,
} = livefoldTables();

/** The name of the channel that announces appends, one for each application. */
export const channelOf = (schemaName: string): string => `${schemaName}_log`;

/** The name of the channel on which an application's processes tell how far their consumers are, and when they come and go. */
export const newsChannelOf = (schemaName: string): string => `${schemaName}_news`;
