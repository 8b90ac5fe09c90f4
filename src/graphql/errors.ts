import { type ExecutionResult, GraphQLError } from 'graphql';
import { isLivefoldError } from '../kernel/errors.ts';
import type { Logger } from '../kernel/log.ts';
import { type PublicError, publicErrorOf } from './public-error.ts';
import { rewordError } from './reword-error.ts';

/** Whose errors they are, and where their log lines go. */
export type ErrorScope = { readonly correlationId: string; readonly logger: Logger };

const internal: PublicError = {
  code: 'INTERNAL',
  message: 'Something went wrong; quote the correlation id.',
  facts: {},
};

/** The result as clients may see it. */
export function presentResult(result: ExecutionResult, scope: ErrorScope): ExecutionResult {
  return result.errors === undefined ? result : { ...result, errors: presentErrors(result.errors, scope) };
}

/** A result that is nothing but this error. */
export function failedResult(error: unknown, scope: ErrorScope): ExecutionResult {
  return { errors: presentErrors([toGraphQLError(error)], scope) };
}

/**
 * The errors as clients may see them: with `extensions.code`, the public facts and the correlation id that finds the
 * log line written here. Nothing internal is left in them. An error that was presented before is returned as it is.
 */
export function presentErrors(errors: readonly GraphQLError[], scope: ErrorScope): readonly GraphQLError[] {
  return errors.map((error) => (isPresented(error) ? error : present(error, scope)));
}

function present(error: GraphQLError, { correlationId, logger }: ErrorScope): GraphQLError {
  const { code, message, facts } = describe(error);
  const line = { correlationId, code, path: error.path?.join('.') };
  if (code === internal.code) logger.error({ ...line, err: rootOf(error) }, 'A GraphQL operation failed.');
  else if (code === 'UNAVAILABLE') logger.warn({ ...line, err: rootOf(error) }, message);
  else logger.info(line, message);
  return rewordError(error, message, { ...facts, code, correlationId });
}

function isPresented(error: GraphQLError): boolean {
  return typeof error.extensions.correlationId === 'string';
}

/** An error as graphql-js hands them on, with what was thrown inside. */
export function toGraphQLError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError =
    error instanceof Error ? error : new Error(`Not an error was thrown: ${String(error)}`);
  return new GraphQLError(originalError.message, { originalError });
}

function describe(error: GraphQLError): PublicError {
  if (isAboutRequest(error))
    return { code: requestCode(error), message: error.message, facts: factsOf(error) };
  const root = rootOf(error);
  if (isLivefoldError(root)) return publicErrorOf(root) ?? internal;
  if (!(root instanceof GraphQLError) || typeof root.extensions.code !== 'string') return internal;
  return { code: root.extensions.code, message: root.message, facts: root.extensions };
}

/**
 * Whether the client's own document, variables or parameters are at fault: what graphql-js says of them is meant for the
 * client. Such an error points at the document, or comes before there is one; a resolver's error does neither.
 */
function isAboutRequest(error: GraphQLError): boolean {
  if (error.extensions.unexpected === true) return false;
  const root = rootOf(error);
  if (error.path === undefined) return root instanceof GraphQLError || error.nodes !== undefined;
  return root instanceof GraphQLError && root !== error && root.nodes !== undefined;
}

function requestCode({ extensions, nodes, source }: GraphQLError): string {
  if (typeof extensions.code === 'string') return extensions.code;
  // graphql-js gives a syntax error its place in the source, and nodes only to what could be parsed.
  return nodes === undefined && source !== undefined ? 'GRAPHQL_PARSE_FAILED' : 'BAD_USER_INPUT';
}

function factsOf({ extensions }: GraphQLError): PublicError['facts'] {
  const { issues, limit } = extensions;
  return { ...(issues === undefined ? {} : { issues }), ...(limit === undefined ? {} : { limit }) };
}

/** What was thrown in the first place: graphql-js wraps it, sometimes twice. */
function rootOf(error: GraphQLError): Error {
  let current: Error = error;
  while (current instanceof GraphQLError && current.originalError !== undefined)
    current = current.originalError;
  return current;
}
