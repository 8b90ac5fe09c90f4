export type { Executable } from './application/executable.ts';
export type { Execute, ExecuteOptions } from './application/execute.ts';
export type { Loaded, Repository } from './application/repository.ts';
export { EventLog, type EventLogOptions } from './consumption/event-log.ts';
export { foldRow } from './consumption/fold-rows.ts';
export { type FollowedPage, type FollowOptions, follow } from './consumption/follow.ts';
export {
  type ProcessManager,
  processManager,
  type Reaction,
  type Timer,
} from './consumption/process-manager.ts';
export {
  type KeyFieldOf,
  type Keys,
  type Projection,
  type ProjectionOptions,
  projection,
  type RowFold,
  type RowOf,
} from './consumption/projection.ts';
export {
  type Aggregate,
  type AggregateCommand,
  aggregate,
  type Decide,
  idOf,
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
  type PreparedEvent,
  type StoredEvent,
  type TypeOf,
} from './domain/event.ts';
export { type Fold, fold } from './domain/fold.ts';
export { everything, matches, type Query, type QueryItem, streamQuery } from './domain/query.ts';
export { type Outcome, type Rejection, reject } from './domain/rejection.ts';
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
export type {
  AppendItem,
  EventStore,
  ExpectedVersion,
  Position,
  ReadOptions,
  Receipt,
} from './persistence/event-store.ts';
