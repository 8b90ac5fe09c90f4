import type { AnyProcessManager } from '../consumption/process-manager.ts';
import type { AnyProjection } from '../consumption/projection.ts';
import type { AnyEventDefinition } from '../domain/event.ts';
import type { Transcoding } from '../persistence/mapper/transcoding.ts';
import type { Authenticate } from './auth/caller.ts';
import type { GraphQLContext } from './context.ts';
import type { GraphiQLTab } from './graphiql.ts';

/** A folder of migrations as drizzle-kit writes it. `name` keeps its journal apart from others' in the same database. */
export type MigrationSet = { readonly name: string; readonly folder: string };

/** Resolvers by type and field, as @graphql-tools/schema takes them. */
// biome-ignore lint/suspicious/noExplicitAny: what a field's parent, arguments and context are, the application's own SDL says.
export type AnyResolvers = Readonly<Record<string, any>>;

/** A whole backend as its authors write it: what `startBackend` starts. */
export type BackendDefinition = {
  /** Shown in logs. */
  readonly name: string;
  /** The application's SDL; Livefold's own (`Query`, `Subscription`, scalars, …) comes with it, so extend those types. */
  readonly typeDefs: string | readonly string[];
  readonly resolvers: AnyResolvers;
  /** Every event type of the log, those included that are no longer made. An event of another type is refused. */
  readonly events: readonly AnyEventDefinition[];
  /** How values of the application's own classes are stored in events. */
  readonly transcodings?: readonly Transcoding[];
  readonly projections: readonly AnyProjection[];
  readonly processManagers?: readonly AnyProcessManager[];
  /** The application's own tables. */
  readonly migrations?: readonly MigrationSet[];
  /** Makes the resolvers' context for one operation from Livefold's own. */
  readonly context?: (context: GraphQLContext) => GraphQLContext;
  /** The roles that callers may have, besides Livefold's own `operator`: a rule about another one does not start. Any unless given. */
  readonly roles?: readonly string[];
  /** Finds out who calls, where tokens are no JSON Web Tokens. */
  readonly authenticate?: Authenticate;
  readonly graphiqlTabs?: readonly GraphiQLTab[];
};
