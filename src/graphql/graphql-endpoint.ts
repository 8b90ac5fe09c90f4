import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaServerInstance } from 'graphql-yoga';
import type { DocumentCache } from './document-cache.ts';
import { executeOperation, type Runtime } from './execute.ts';
import { createGraphiQLRenderer, type GraphiQLOptions, graphiqlPage } from './graphiql.ts';
import { presentHttpResult, requestError } from './http-errors.ts';
import { useNoIntrospection } from './introspection.ts';
import { type Limits, useLimits } from './limits.ts';
import type { Operation } from './operation.ts';
import { useFewRepeats } from './repeats.ts';
import type { SharedEventStream } from './shared-event-stream.ts';
import { type Results, subscribeOperation } from './subscribe.ts';
import { useCertainSubscriptions } from './subscription-root.ts';
import { useNoSuggestions } from './suggestions.ts';
import { type TrustedDocuments, useTrustedDocuments } from './trusted-documents.ts';

/** What belongs to one HTTP request, or one operation of a WebSocket. */
export type Exchange = {
  readonly operation: Operation;
  /** A subscription's results, put here for the SSE writer. */
  results?: Results | undefined;
  /** Where the results go that are not this request's answer; the operation's own id is put here when it is known. */
  readonly shared?: { readonly stream: SharedEventStream; readonly stopping: AbortController; id?: string };
};

/** What Yoga hands on. It copies the object itself. */
type ServerContext = { readonly exchange: Exchange };

export type GraphQLEndpoint = YogaServerInstance<ServerContext, object>;

export type EndpointOptions = {
  readonly schema: GraphQLSchema;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly graphiql: GraphiQLOptions | false;
  /** Whether clients may ask for the schema. */
  readonly introspection: boolean;
  /** The only operations that run; any unless given. */
  readonly documents: TrustedDocuments | undefined;
  readonly cache: DocumentCache;
};

export const graphqlPath = '/graphql';

/** GraphQL over HTTP by Yoga; both transports parse, validate, execute and subscribe through it. */
export function createGraphQLEndpoint(options: EndpointOptions): GraphQLEndpoint {
  const { schema, runtime, limits, graphiql, documents, cache } = options;
  return createYoga<ServerContext>({
    schema,
    graphqlEndpoint: graphqlPath,
    graphiql: graphiql === false ? false : graphiqlPage(graphiql),
    renderGraphiQL: createGraphiQLRenderer(),
    landingPage: false,
    logging: false,
    // Errors are presented by us: with codes, correlation ids and log lines.
    maskedErrors: false,
    batching: false,
    multipart: false,
    extraParamNames: documents === undefined ? [] : ['documentId'],
    // Not all answers are Yoga's: see `setCorsHeaders`.
    cors: false,
    parserAndValidationCache: {
      documentCache: cache,
      errorCache: { get: () => undefined, set: () => {} },
    },
    plugins: [
      useReadableParameters(),
      useSharedStream(),
      ...(documents === undefined ? [] : [useTrustedDocuments(documents)]),
      ...(options.introspection ? [] : [useNoIntrospection()]),
      useFewRepeats(),
      useCertainSubscriptions(),
      useLimits(limits),
      ...(runtime.suggests ? [] : [useNoSuggestions()]),
      useValidity(cache),
      useRuntime(runtime),
      useResults(runtime),
    ],
  });
}

/** Says what is wrong with parameters in a URL that are no JSON, where Yoga would let the parser's own error out. */
function useReadableParameters(): Plugin<object, ServerContext> {
  return {
    onRequestParse({ request, requestParser, setRequestParser }) {
      if (request.method !== 'GET' || requestParser === undefined) return;
      setRequestParser(async (given) => {
        try {
          return await requestParser(given);
        } catch {
          throw requestError(400, 'BAD_REQUEST', 'The parameters `variables` and `extensions` must be JSON.');
        }
      });
    },
  };
}

/** Gives an operation for a shared event stream the place there that it names in `extensions.operationId`. */
function useSharedStream(): Plugin<object, ServerContext> {
  return {
    onParams({ params, context }) {
      const { shared } = exchangeOf(context);
      if (shared === undefined) return;
      const id: unknown = params.extensions?.operationId;
      if (typeof id !== 'string')
        throw requestError(
          400,
          'BAD_REQUEST',
          'An operation for an event stream has `extensions.operationId`.',
        );
      shared.stream.add(id, shared.stopping);
      shared.id = id;
    },
  };
}

/** Remembers which documents are valid. */
function useValidity(cache: DocumentCache): Plugin<object, ServerContext> {
  return {
    onValidate:
      ({ params: { documentAST } }) =>
      ({ valid }) => {
        if (valid) cache.setValid(documentAST);
      },
  };
}

function useRuntime(runtime: Runtime): Plugin<object, ServerContext> {
  return {
    onExecute: ({ setExecuteFn }) =>
      setExecuteFn((args) => executeOperation(args, exchangeOf(args.contextValue).operation, runtime)),
    onSubscribe: ({ setSubscribeFn }) =>
      setSubscribeFn(async (args) => {
        const exchange = exchangeOf(args.contextValue);
        const result = await subscribeOperation(args, exchange.operation, runtime);
        if (Symbol.asyncIterator in result) exchange.results = result;
        return result;
      }),
  };
}

/** Presents the errors of whole results, and leaves a subscription's results to the SSE writer: Yoga's own writes no `id:`. */
function useResults({ logger }: Runtime): Plugin<object, ServerContext> {
  return {
    async onResultProcess({ result, resultProcessor, serverContext, setResult, setResultProcessor }) {
      const { exchange } = serverContext;
      const { operation, results } = exchange;
      if (results === undefined) {
        const scope = { correlationId: operation.correlationId, logger };
        if (!Array.isArray(result) && !(Symbol.asyncIterator in result))
          setResult(presentHttpResult(result, scope));
        return;
      }
      if (resultProcessor === undefined && exchange.shared === undefined) {
        exchange.results = undefined;
        await results.return(undefined);
        throw requestError(
          406,
          'NOT_ACCEPTABLE',
          'A subscription needs `Accept: text/event-stream`, or a WebSocket.',
        );
      }
      setResultProcessor((_, fetchAPI) => new fetchAPI.Response(null), 'text/event-stream');
    },
  };
}

/** Yoga hands on, in the context, what the transport gave it. */
function exchangeOf(contextValue: unknown): Exchange {
  return (contextValue as ServerContext).exchange;
}
