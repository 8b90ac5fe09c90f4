import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'graphql';
import { z } from 'zod';
import type { TrustedDocuments } from '../graphql/trusted-documents.ts';
import { LivefoldError } from '../kernel/errors.ts';

/** What Relay's compiler and graphql-codegen's client preset write: the text by its hash. */
const byHash = z.record(z.string(), z.string());
/** What Apollo's `generate-persisted-query-manifest` writes. */
const manifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  operations: z.array(z.object({ id: z.string(), body: z.string() })),
});

/**
 * Reads trusted documents: a JSON file that a client's tools have made, or a folder of such files and of `.graphql` files, whose
 * operations are asked for by the SHA-256 of the file's text.
 *
 * @throws LivefoldError `INVALID_DOCUMENTS` for what cannot be read, and for a document that is no GraphQL
 */
export function readTrustedDocuments(path: string): TrustedDocuments {
  const documents = new Map(filesOf(path).flatMap(readFile));
  if (documents.size === 0) throw invalid(path, 'there is no document in it');
  return documents;
}

function filesOf(path: string): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => /\.(json|graphql|gql)$/.test(name));
    return names.toSorted().map((name) => join(path, name));
  } catch (cause) {
    throw invalid(path, 'it cannot be read', cause);
  }
}

function readFile(path: string): readonly (readonly [string, string])[] {
  const text = readText(path);
  const documents = path.endsWith('.json') ? parseJson(path, text) : [[sha256(text), text] as const];
  for (const [id, document] of documents) checkDocument(path, id, document);
  return documents;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw invalid(path, 'it cannot be read', cause);
  }
}

function parseJson(path: string, text: string): readonly (readonly [string, string])[] {
  try {
    const json: unknown = JSON.parse(text);
    const written = manifest.safeParse(json);
    if (written.success) return written.data.operations.map(({ id, body }) => [id, body] as const);
    return Object.entries(byHash.parse(json));
  } catch (cause) {
    throw invalid(path, 'it is neither an object from hashes to documents nor a manifest of Apollo', cause);
  }
}

function checkDocument(path: string, id: string, document: string): void {
  try {
    parse(document);
  } catch (cause) {
    throw invalid(path, `its document ${id} is no GraphQL`, cause);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function invalid(path: string, why: string, cause?: unknown): LivefoldError {
  return new LivefoldError('INVALID_DOCUMENTS', `The trusted documents of ${path} cannot be used: ${why}.`, {
    fields: { path },
    cause,
  });
}
