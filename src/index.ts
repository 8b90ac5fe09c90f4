export type { AsOf, Moment } from './application/as-of.ts';
export type { Executable } from './application/executable.ts';
export {
  createExecutor,
  type Execute,
  type ExecuteOptions,
  type ExecutorOptions,
} from './application/execute.ts';
export type { Loaded } from './application/loaded.ts';
export { Repository, type RepositoryOptions } from './application/repository.ts';
export { EventLog, type EventLogOptions, type LogPage } from './consumption/event-log.ts';
export { foldRow } from './consumption/fold-rows.ts';
export { type FollowOptions, follow } from './consumption/follow.ts';
export { type LiveProjection, liveProjection } from './consumption/live-projection.ts';
export { type HeldRow, LiveReader, type LiveReaderOptions, type LiveRow } from './consumption/live-reader.ts';
export {
  type ProcessManager,
  type ProcessManagerOptions,
  processManager,
  type Reaction,
  type Refused,
  type Timer,
} from './consumption/process-manager.ts';
export {
  type FaultDecision,
  type KeyFieldOf,
  type Keys,
  type Projection,
  type ProjectionOptions,
  projection,
  type RowFold,
  type RowOf,
  type StartAt,
} from './consumption/projection.ts';
export { openRemoteLog, type RemoteLog, type RemoteLogOptions } from './consumption/remote/remote-log.ts';
export {
  diffLists,
  diffRows,
  type FieldChange,
  type ItemChange,
} from './consumption/row-diff.ts';
export type { SqlOutcome, SqlTarget, SqlTransaction, SqlWork, TableMap } from './consumption/sql-handler.ts';
export { type Application, application } from './consumption/system/application.ts';
export type { FollowerStatus, RunningFollower } from './consumption/system/follower.ts';
export type { SystemOptions } from './consumption/system/open-system.ts';
export type { OpenApplication, Place, Places } from './consumption/system/place.ts';
export type { ReadableLog } from './consumption/system/readable-log.ts';
export { type RunningSystem, runSystem } from './consumption/system/run-system.ts';
export { type Step, type SteppedSystem, stepSystem } from './consumption/system/step-system.ts';
export { type Pipe, type System, system } from './consumption/system/system.ts';
export {
  type Aggregate,
  type AggregateCommand,
  aggregate,
  type Decide,
  idOf,
  type SnapshotPolicy,
  streamOf,
} from './domain/aggregate.ts';
export type { CommandContext } from './domain/command.ts';
export { type DecisionCommand, type DecisionDefinition, decision } from './domain/decision.ts';
export {
  type DataOf,
  type EventDefinition,
  type EventOptions,
  event,
  type NewEvent,
  type PersonalData,
  type PersonalFields,
  type PreparedEvent,
  type StoredEvent,
  type TypeOf,
} from './domain/event.ts';
export { EventRegistry } from './domain/event-registry.ts';
export { type Fold, fold } from './domain/fold.ts';
export { everything, matches, type Query, type QueryItem, streamQuery } from './domain/query.ts';
export { type Outcome, type Rejection, reject } from './domain/rejection.ts';
export type { Upcasters } from './domain/upcast.ts';
export {
  addDecimals,
  compareDecimals,
  type Decimal,
  isDecimal,
  multiplyDecimals,
  normalizeDecimal,
  subtractDecimals,
} from './kernel/decimal.ts';
export { type ErrorFields, isLivefoldError, LivefoldError } from './kernel/errors.ts';
export { createId } from './kernel/ids.ts';
export {
  type ExportOptions,
  exportLog,
} from './persistence/archive/export-log.ts';
export { type ImportResult, importLog } from './persistence/archive/import-log.ts';
export { checkAppend } from './persistence/check-append.ts';
export type {
  AppendItem,
  EventStore,
  ExpectedVersion,
  Position,
  ReadOptions,
  Receipt,
} from './persistence/event-store.ts';
export {
  checkFollows,
  findCommand,
  judgeAppend,
  type LogState,
  receiptOf,
} from './persistence/judge-append.ts';
export type { KeyStore, StoredKey } from './persistence/key-store.ts';
export type { LogArchive, StoredCommand, TagFault } from './persistence/log-archive.ts';
export type { Compression } from './persistence/mapper/compression.ts';
export { createMappedEventStore } from './persistence/mapper/mapped-event-store.ts';
export { createMappedSnapshotStore } from './persistence/mapper/mapped-snapshot-store.ts';
export { createMapper, type Mapper, type MapperOptions } from './persistence/mapper/mapper.ts';
export { createMasterKey, type MasterKeys, parseMasterKeys } from './persistence/mapper/master-keys.ts';
export { type KeyCounts, rotateKeys } from './persistence/mapper/rotate-keys.ts';
export type { Transcoding } from './persistence/mapper/transcoding.ts';
export type { Persistence } from './persistence/persistence.ts';
export { appendConflict, consumerConflict } from './persistence/refusals.ts';
export type { Revocation, RevocationStore } from './persistence/revocation-store.ts';
export type {
  Snapshot,
  SnapshotSelection,
  SnapshotStore,
  StreamTail,
} from './persistence/snapshot-store.ts';
export type { Tracking } from './persistence/tracking.ts';
export { waitForPosition } from './persistence/wait-for-position.ts';
