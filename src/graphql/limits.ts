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
  /** Points: 1 for a scalar, 2 for an object, 1.5 times as much each level down, times a literal `first` or `last`. */
  readonly cost: number;
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
  cost: 100_000,
  operationsPerSocket: 100,
  connections: 20_000,
  idleSeconds: 600,
};

/** Refuses documents beyond the limits, on every transport. */
export function useLimits(
  { tokens, depth, aliases, directives, cost }: Limits,
  { suggests }: { readonly suggests: boolean },
): Plugin {
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
    costLimit: {
      maxCost: cost,
      flattenFragments: true,
      ...reporting('cost', `The operation costs more than ${cost} points: ask for less at a time.`),
    },
    // "Did you mean" helps, but where not all is everybody's it would help guessing.
    blockFieldSuggestion: { enabled: !suggests },
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
