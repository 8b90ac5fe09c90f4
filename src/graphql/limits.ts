import { EnvelopArmorPlugin } from '@escape.tech/graphql-armor';
import { GraphQLError, type ValidationContext } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** How much one client may ask for. Counted before anything executes. */
export type Limits = {
  /** Bytes of an HTTP body or a WebSocket message. */
  readonly bodyBytes: number;
  /** Tokens in a document. */
  readonly tokens: number;
  /** Levels of fields, fragments flattened. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Values in an operation's variables. */
  readonly values: number;
  /** Points of one operation: see `costOf`. */
  readonly cost: number;
  /** Points that one caller may spend each second, ten seconds' worth at once; `Infinity` for any number. */
  readonly rate: number;
  /** Milliseconds that a query or a mutation may take. */
  readonly operationTime: number;
  /** Milliseconds in which a whole request has to have come, a third of them for its headers. */
  readonly requestTime: number;
  /** Operations that one WebSocket may have open. */
  readonly operationsPerSocket: number;
  /** WebSockets and event streams of all clients together. */
  readonly connections: number;
  /** Seconds after which a WebSocket without operations is closed. */
  readonly idleSeconds: number;
};

/** GraphiQL's introspection has 350 tokens; a page of 100 orders with lines and customers costs 8,000 points. */
export const defaultLimits: Limits = {
  bodyBytes: 1_048_576,
  tokens: 2_000,
  depth: 12,
  aliases: 30,
  directives: 50,
  values: 10_000,
  cost: 100_000,
  rate: Infinity,
  operationTime: 30_000,
  requestTime: 30_000,
  operationsPerSocket: 100,
  connections: 20_000,
  idleSeconds: 600,
};

/** Refuses documents beyond the limits, on every transport. */
export function useLimits({ tokens, depth, aliases, directives }: Limits): Plugin {
  return EnvelopArmorPlugin({
    maxTokens: {
      n: tokens,
      // The parser has no validation context to report to: it stops at the token that is one too many.
      onReject: [
        () => {
          throw exceeded('tokens', `The document has more than ${tokens} tokens.`);
        },
      ],
    },
    maxDepth: {
      n: depth,
      flattenFragments: true,
      ...reporting('depth', `The operation is deeper than ${depth} levels.`),
    },
    maxAliases: { n: aliases, ...reporting('aliases', `The operation has more than ${aliases} aliases.`) },
    maxDirectives: {
      n: directives,
      ...reporting('directives', `The operation has more than ${directives} directives.`),
    },
    // It would count literals alone, and a page's size is in a variable: `costOf` counts when the variables are known.
    costLimit: { enabled: false },
    // Its own way leaves some suggestions in: see `useNoSuggestions`.
    blockFieldSuggestion: { enabled: false },
  });
}

/** The error of a client that wants more than a limit allows. */
export function exceeded(limit: keyof Limits, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'LIMIT_EXCEEDED', limit } });
}

function reporting(limit: keyof Limits, message: string) {
  return {
    propagateOnRejection: false,
    onReject: [(context: ValidationContext | null) => context?.reportError(exceeded(limit, message))],
  };
}
