import { expect } from 'vitest';

export type GraphQLReply = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly data?: Record<string, unknown> | null; readonly errors?: readonly ReplyError[] };
};

export type ReplyError = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Record<string, unknown>;
};

/** Posts an operation and reads the JSON that comes back. */
export async function post(
  url: string,
  operation: unknown,
  headers: Record<string, string> = {},
): Promise<GraphQLReply> {
  return postText(url, JSON.stringify(operation), { 'content-type': 'application/json', ...headers });
}

export async function postText(
  url: string,
  body: string,
  headers: Record<string, string>,
): Promise<GraphQLReply> {
  const response = await fetch(url, { method: 'POST', body, headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The one error of a reply, after checking what holds for every error. */
export function onlyError({ body, headers }: GraphQLReply): ReplyError {
  expect(body.errors).toHaveLength(1);
  const error = body.errors?.[0];
  if (error === undefined) throw new Error('The reply has no error.');
  expect(error.extensions.code).toBeTypeOf('string');
  expect(error.extensions.correlationId).toBe(headers.get('x-correlation-id'));
  expect(JSON.stringify(body)).not.toMatch(/hunter2|secret|node_modules|at .*\.ts:/);
  return error;
}
