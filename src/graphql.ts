export { waitForProjections } from './graphql/at-least.ts';
export type { Authenticate, Caller } from './graphql/auth/caller.ts';
export { createJwtVerifier, type JwtOptions } from './graphql/auth/jwt-verifier.ts';
export type { Permissions } from './graphql/auth/permissions.ts';
export type { Session } from './graphql/auth/session.ts';
export type { Backend } from './graphql/backend.ts';
export type { BackendDefinition, MigrationSet } from './graphql/backend-definition.ts';
export { buildBackendSchema } from './graphql/build-schema.ts';
export { type Connection, type ConnectionArguments, readConnection } from './graphql/connection.ts';
export type { GraphQLContext } from './graphql/context.ts';
export {
  diffField,
  type HistoryEntry,
  type HistoryOptions,
  historyField,
  type RowDiff,
  readRowAsOf,
} from './graphql/history-fields.ts';
export type { Limits } from './graphql/limits.ts';
export { liveField } from './graphql/live-field.ts';
export {
  liveProjectionField,
  type ReadLiveOptions,
  readLive,
  watchLive,
} from './graphql/live-projection-field.ts';
export { type MutationOptions, mutate } from './graphql/mutate.ts';
export { mutationField } from './graphql/mutation-field.ts';
export { orderBy } from './graphql/order-by.ts';
export { rowField, rowsField } from './graphql/row-fields.ts';
export { createRowLoader, type RowLoader } from './graphql/row-loader.ts';
export { type RunningServer, type ServerOptions, startServer } from './graphql/server.ts';
export type { TrustedDocuments } from './graphql/trusted-documents.ts';
