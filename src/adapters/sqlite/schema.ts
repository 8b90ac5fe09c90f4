/** What `PRAGMA application_id` says of our files: "LvFd" in ASCII. */
export const applicationId = 0x4c764664;

/** The version of the tables below, in `PRAGMA user_version`. */
export const schemaVersion = 1;

/**
 * The tables. Times are milliseconds since 1970; tags, plain data, metadata and subjects are JSON text, which SQLite's own JSON
 * functions read; what a mapper sealed are bytes in `sealed`.
 *
 * Uniqueness alone would let `insert or replace` delete the row it meets, without any trigger on deletes: hence the third one,
 * which costs a microsecond an event.
 */
export const schema = `
create table events (
  position integer primary key,
  id text not null unique,
  stream text not null,
  version integer not null,
  type text not null,
  schema_version integer not null,
  occurred_at integer not null,
  recorded_at integer not null,
  tags text not null,
  data text,
  sealed blob,
  correlation_id text,
  causation_id text,
  actor text,
  tenant text,
  metadata text,
  unique (stream, version),
  check ((data is null) <> (sealed is null))
) strict;

create table tags (tag text not null, position integer not null, primary key (tag, position)) strict, without rowid;

create table commands (
  id text primary key,
  fingerprint text not null,
  position integer not null,
  events integer not null
) strict, without rowid;

create index commands_position on commands (position, id);

create table tracking (consumer text primary key, position integer not null) strict, without rowid;

create table snapshots (
  stream text primary key,
  version integer not null,
  position integer not null,
  schema_version integer not null,
  state text,
  sealed blob,
  subjects text not null,
  check ((state is null) <> (sealed is null))
) strict;

create table keys (id text primary key, subject text unique, master_id text not null, wrapped blob) strict;

create trigger events_update before update on events begin
  select raise(abort, 'the event log is append-only: append an event that corrects the earlier one');
end;

create trigger events_delete before delete on events begin
  select raise(abort, 'the event log is append-only: append an event that corrects the earlier one');
end;

create trigger events_insert before insert on events
when new.position is not 1 + (select coalesce(max(position), 0) from events)
  or exists (select 1 from events where id = new.id)
  or exists (select 1 from events where stream = new.stream and version = new.version)
begin
  select raise(abort, 'an event stands at the next position and has an id and a version that are not taken');
end;

create trigger tags_update before update on tags begin
  select raise(abort, 'tags belong to their event: the event log is append-only');
end;

create trigger tags_delete before delete on tags begin
  select raise(abort, 'tags belong to their event: the event log is append-only');
end;

pragma application_id = ${applicationId};
pragma user_version = ${schemaVersion};
`;
