import type { ServerResponse } from 'node:http';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { type ErrorScope, presentErrors } from './errors.ts';
import type { Limits } from './limits.ts';
import { rewordError } from './reword-error.ts';

type HttpFacts = {
  readonly status?: number;
  readonly spec?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
};

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  LIMIT_EXCEEDED: 400,
  RATE_LIMITED: 429,
  TIMED_OUT: 504,
  UNAVAILABLE: 503,
  INTERNAL: 500,
};

/** What even clients of the older `application/json` are to see: no well-formed request, no believed caller, nobody to be served now. */
const alwaysByStatus = new Set(['BAD_REQUEST', 'UNAUTHENTICATED', 'RATE_LIMITED']);

/** The error of a request that is not well-formed, or asks for what HTTP cannot give. */
export function requestError(
  status: number,
  code: string,
  message: string,
  facts: { readonly limit?: keyof Limits } = {},
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, ...facts, http: { status } } });
}

/** A whole HTTP result as clients may see it; Yoga takes each error's `extensions.http` for the response and leaves it out of the body. */
export function presentHttpResult(result: ExecutionResult, scope: ErrorScope): ExecutionResult {
  const { errors } = result;
  if (errors === undefined || 'data' in result) return result;
  const presented = presentErrors(errors, scope);
  return { ...result, errors: presented.map((error, index) => withHttp(error, httpOf(errors[index]))) };
}

/** Answers with one error, where Yoga has not come into play. */
export function refuse(response: ServerResponse, error: GraphQLError, scope: ErrorScope): void {
  const errors = presentErrors([error], scope);
  const [told = error] = errors;
  const { status = 400, headers = {} } = httpOf(withHttp(told, httpOf(error))) ?? {};
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
  response.end(JSON.stringify({ errors }));
}

function withHttp(error: GraphQLError, given: HttpFacts | undefined): GraphQLError {
  const code = String(error.extensions.code);
  const http = given ?? { status: statuses[code] ?? 400, spec: true };
  // `spec` allows 200 under the older `application/json`.
  const spec = http.spec === true && !alwaysByStatus.has(code);
  const { retryAfter } = error.extensions;
  const headers = { ...http.headers, ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }) };
  return rewordError(error, error.message, { ...error.extensions, http: { ...http, headers, spec } });
}

/** Yoga's own errors and `requestError` say what they mean for the response; nothing else uses the name. */
function httpOf(error: GraphQLError | undefined): HttpFacts | undefined {
  return error?.extensions.http as HttpFacts | undefined;
}
