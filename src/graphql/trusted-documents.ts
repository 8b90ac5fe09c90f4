import type { GraphQLError } from 'graphql';
import type { GraphQLParams, Plugin } from 'graphql-yoga';
import { requestError } from './http-errors.ts';

/** Operations that clients may run, by what they are asked for with: most often the SHA-256 of their text. */
export type TrustedDocuments = ReadonlyMap<string, string>;

type Asked = { readonly documentId?: unknown; readonly extensions?: unknown };

/**
 * The text of the document that a client asks for by `documentId` or `extensions.persistedQuery.sha256Hash`. A text of the
 * client's own counts for nothing.
 *
 * @throws GraphQLError `UNTRUSTED_DOCUMENT`
 */
export function trustedText(documents: TrustedDocuments, asked: Asked): string {
  const id = documentIdOf(asked);
  const text = id === undefined ? undefined : documents.get(id);
  if (text !== undefined) return text;
  throw untrusted(
    id === undefined
      ? 'This server runs the operations that it knows, and no others: send the documentId of one.'
      : 'This server does not know the operation of this documentId.',
  );
}

/** Lets HTTP and server-sent events run trusted documents alone. */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  return {
    onParams({ params, request, setParams }) {
      const asked: Asked = request.method === 'GET' ? { ...params, ...inUrl(request.url) } : params;
      const { documentId: _, ...rest } = params as GraphQLParams & Asked;
      setParams({ ...rest, query: trustedText(documents, asked) });
    },
  };
}

/** Yoga does not look for it there. */
function inUrl(url: string): Asked {
  const documentId = new URL(url).searchParams.get('documentId');
  return documentId === null ? {} : { documentId };
}

/** What a client asks for a document with. */
export function documentIdOf({ documentId, extensions }: Asked): string | undefined {
  if (typeof documentId === 'string') return documentId;
  if (typeof extensions !== 'object' || extensions === null || !('persistedQuery' in extensions))
    return undefined;
  const { persistedQuery } = extensions;
  if (typeof persistedQuery !== 'object' || persistedQuery === null || !('sha256Hash' in persistedQuery))
    return undefined;
  return typeof persistedQuery.sha256Hash === 'string' ? persistedQuery.sha256Hash : undefined;
}

function untrusted(message: string): GraphQLError {
  return requestError(400, 'UNTRUSTED_DOCUMENT', message);
}
