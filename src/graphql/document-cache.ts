import type { DocumentNode } from 'graphql';

/**
 * Remembers parsed documents by their text, and which of them are valid, the least recently used forgotten first. Long documents are not kept: a
 * client could fill the memory with comments that differ.
 */
export class DocumentCache {
  readonly #documents = new Map<string, DocumentNode>();
  readonly #valid = new WeakSet<DocumentNode>();
  readonly #most: number;
  readonly #longest: number;

  constructor(options: { readonly most: number; readonly longest: number }) {
    this.#most = options.most;
    this.#longest = options.longest;
  }

  get(text: string): DocumentNode | undefined {
    const document = this.#documents.get(text);
    if (document !== undefined) this.set(text, document);
    return document;
  }

  /** The document of a text that is known to be valid. */
  valid(text: string): DocumentNode | undefined {
    const document = this.get(text);
    return document !== undefined && this.#valid.has(document) ? document : undefined;
  }

  setValid(document: DocumentNode): void {
    this.#valid.add(document);
  }

  set(text: string, document: DocumentNode): void {
    if (text.length > this.#longest) return;
    this.#documents.delete(text);
    this.#documents.set(text, document);
    const oldest = this.#documents.keys().next();
    if (this.#documents.size > this.#most && oldest.done !== true) this.#documents.delete(oldest.value);
  }
}
