import { setTimeout as delay } from 'node:timers/promises';
import type { OperationResult, ResultError } from '../../../src/client.ts';
import { documentOf, type LiveField } from './live-fields.ts';
import type { Client, TransportKind } from './transports.ts';

/** One result of a live field: where it stands, and what it says. */
export type Told = { readonly position: string | undefined; readonly value: unknown };

/** Errors that say nothing but that the server is away, or not there yet, or that the stream for all is gone with its connection. */
const temporaryCodes = new Set(['UNAVAILABLE', 'PROJECTION_LAGGING', 'NOT_FOUND']);

/** Watches one live field over one client, again and again behind what it was told last, and notes all that it is told. */
export class Watcher {
  readonly told: Told[] = [];
  readonly errors: unknown[] = [];
  /** What it met that is no fault: servers that are away, connections that are lost. */
  readonly temporary: unknown[] = [];
  #isStopped = false;
  #leave = (): void => {};
  #over = Promise.withResolvers<void>();
  readonly #done: Promise<void>;

  /** `start` is where to begin behind; as the field begins by itself when left out. */
  constructor(field: LiveField, client: Client, { kind, start }: { kind: TransportKind; start?: string }) {
    this.#done = this.#watch(field, client, { kind, start });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#leave();
    // Not every client says that it has been left.
    this.#over.resolve();
    await this.#done;
  }

  async #watch(
    field: LiveField,
    client: Client,
    { kind: { resumes }, start }: { readonly kind: TransportKind; readonly start: string | undefined },
  ): Promise<void> {
    const { told } = this;
    const transport = client.carry(start);
    const first = start ?? (field.kind === 'events' ? '0' : undefined);
    const variables = {
      get after() {
        if (resumes === 'by variable') return told.at(-1)?.position ?? first;
        return resumes === 'by Last-Event-ID' && start !== undefined ? undefined : first;
      },
    };
    const query = documentOf(field);
    while (!this.#isStopped) {
      const over = Promise.withResolvers<void>();
      this.#over = over;
      this.#leave = transport.subscribe(
        { query, variables },
        {
          next: (result) => this.#take(result, field),
          error: (error) => {
            if (Array.isArray(error)) this.#note(error);
            // What a socket is closed with has a code.
            else this.temporary.push(Object(error).code ?? String(error));
            over.resolve();
          },
          complete: over.resolve,
        },
      );
      if (this.#isStopped) this.#leave();
      await over.promise;
      await delay(20);
    }
  }

  #take({ data, errors, extensions }: OperationResult, { field }: LiveField): void {
    if (this.#isStopped) return;
    this.#note(errors ?? []);
    if (data === undefined || data === null) return;
    const position = extensions?.position;
    this.told.push({ position: typeof position === 'string' ? position : undefined, value: data[field] });
  }

  #note(errors: readonly ResultError[]): void {
    if (this.#isStopped) return;
    for (const error of errors) {
      const isTemporary = temporaryCodes.has(String(error.extensions?.code));
      (isTemporary ? this.temporary : this.errors).push(error);
    }
  }
}
