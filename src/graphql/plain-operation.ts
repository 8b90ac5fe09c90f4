import { type DocumentNode, type ExecutionArgs, type GraphQLSchema, getOperationAST } from 'graphql';
import { processRegularResult } from 'graphql-yoga';
import type { DocumentCache } from './document-cache.ts';
import { executeOperation, type Runtime } from './execute.ts';
import { presentHttpResult } from './http-errors.ts';
import type { Operation } from './operation.ts';
import { documentIdOf, type TrustedDocuments } from './trusted-documents.ts';

export type PlainOptions = {
  readonly schema: GraphQLSchema;
  readonly runtime: Runtime;
  readonly cache: DocumentCache;
  /** The only operations that run; any unless given. */
  readonly documents: TrustedDocuments | undefined;
};

/** An answer over HTTP, ready to be sent. */
export type PlainAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A posted query or mutation whose document is known to be valid, and what its answer is to be. */
type PlainOperation = { readonly args: ExecutionArgs; readonly mediaType: string };

/**
 * Answers a posted query or mutation whose document has been parsed and validated before: what most requests are. It needs
 * no fetch `Request`, stream and `Response`, which take longer than a small query itself. Undefined for whatever is not as plain
 * as that, well-formed or not: it is Yoga's.
 */
export async function answerPlainly(
  posted: { readonly body: string; readonly accept: string | undefined },
  operation: Operation,
  options: PlainOptions,
): Promise<PlainAnswer | undefined> {
  const plain = plainOperation(posted, options);
  if (plain === undefined) return undefined;
  const { runtime } = options;
  const result = await executeOperation(plain.args, operation, runtime);
  const scope = { correlationId: operation.correlationId, logger: runtime.logger };
  // Which status and headers a result gets is for Yoga to say, here too.
  return processRegularResult(
    presentHttpResult(result, scope),
    answering,
    plain.mediaType,
  ) as unknown as PlainAnswer;
}

/** As much of the fetch API as a whole result needs. */
const answering = {
  Response: class implements PlainAnswer {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;

    constructor(body: string, { status, headers }: Omit<PlainAnswer, 'body'>) {
      this.status = status;
      this.headers = headers;
      this.body = body;
    }
  },
} as unknown as Parameters<typeof processRegularResult>[1];

function plainOperation(
  { body, accept }: { readonly body: string; readonly accept: string | undefined },
  { schema, cache, documents }: PlainOptions,
): PlainOperation | undefined {
  const params = parsed(body);
  const mediaType = mediaTypeOf(accept);
  if (params === undefined || mediaType === undefined) return undefined;
  const { query, variables, operationName, extensions, documentId, ...others } = params;
  const text = documents === undefined ? query : documents.get(documentIdOf(params) ?? '');
  const isKnown =
    typeof text === 'string' &&
    (documents !== undefined || documentId === undefined) &&
    isAbsentOr(isRecord, variables) &&
    isAbsentOr(isRecord, extensions) &&
    isAbsentOr((name) => typeof name === 'string', operationName) &&
    Object.keys(others).length === 0;
  const document = isKnown ? cache.valid(text) : undefined;
  if (document === undefined || !isWhole(document, operationName)) return undefined;
  const args = { schema, document, variableValues: variables, operationName } as ExecutionArgs;
  return { args, mediaType };
}

/** Whether it names one operation, which has one result. */
function isWhole(document: DocumentNode, operationName: unknown): boolean {
  const operation = getOperationAST(document, operationName as string | undefined);
  return operation?.operation === 'query' || operation?.operation === 'mutation';
}

/** The first type that the client would take of those that a whole result can have. */
function mediaTypeOf(accept = '*/*'): string | undefined {
  for (const type of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = type.split(';').map((part) => part.trim());
    if (parameters.some((one) => one.startsWith('charset=') && one !== 'charset=utf-8')) continue;
    if (name === '*/*' || name === 'application/*' || name === 'application/json') return 'application/json';
    if (name === 'application/graphql-response+json') return name;
  }
  return undefined;
}

function parsed(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const params: unknown = JSON.parse(body);
    return isRecord(params) ? params : undefined;
  } catch {
    return undefined;
  }
}

function isAbsentOr(is: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || value === null || is(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
