import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { onAbort } from '../kernel/async.ts';
import { beginEventStream, type EventStreamOptions, type EventWriter } from './event-stream.ts';
import { requestError } from './http-errors.ts';
import { exceeded } from './limits.ts';

/**
 * One client's event stream for all its operations: the single connection mode of the GraphQL over SSE protocol
 * (https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md). What comes before the client has opened it waits, and so
 * does what the client does not take.
 */
export class SharedEventStream {
  /** By which the client's other requests name it; whoever knows it may use it. */
  readonly token: string = randomUUID();
  readonly #most: number;
  readonly #over = new AbortController();
  readonly #operations = new Map<string, AbortController>();
  readonly #opened = Promise.withResolvers<EventWriter | undefined>();
  readonly #begun = new AbortController();

  constructor(mostOperations: number) {
    this.#most = mostOperations;
    onAbort(this.#over.signal, () => this.#endAll());
  }

  get isOpen(): boolean {
    return this.begun.aborted;
  }

  /** Aborts when the client has opened it. */
  get begun(): AbortSignal {
    return this.#begun.signal;
  }

  /** Aborts when the client is gone. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Writes events until the client goes or the server stops. */
  async carry(response: ServerResponse, options: EventStreamOptions): Promise<void> {
    this.#begun.abort();
    const writer = beginEventStream(response, options);
    onAbort(writer.over, () => this.close());
    this.#opened.resolve(writer);
    await writer.ended;
  }

  /**
   * Makes room for an operation, whose controller ends it.
   *
   * @throws GraphQLError 409 where its id is in use, `LIMIT_EXCEEDED` where there are too many
   */
  add(id: string, stopping: AbortController): void {
    if (this.#operations.has(id))
      throw requestError(409, 'BAD_REQUEST', 'An operation of this operationId is under way.');
    if (this.#operations.size >= this.#most)
      throw exceeded('operationsPerSocket', `An event stream may have ${this.#most} operations open.`);
    if (this.over.aborted) stopping.abort();
    this.#operations.set(id, stopping);
  }

  /** Tells the client an operation's results, and that it is complete. Never rejects: who is gone hears nothing. */
  async tell(id: string, results: AsyncIterable<ExecutionResult> | Iterable<ExecutionResult>): Promise<void> {
    const writer = await this.#opened.promise;
    for await (const payload of results) await writer?.write(event('next', { id, payload }));
    // When the server stops there is more to come: the client begins anew.
    if (!this.over.aborted) await writer?.write(event('complete', { id }));
    this.#operations.delete(id);
  }

  /** Ends an operation; its client hears that it is complete. */
  stop(id: string): void {
    this.#operations.get(id)?.abort();
  }

  /** Forgets an operation that does not start. */
  forget(id: string): void {
    this.#operations.delete(id);
  }

  close(): void {
    this.#over.abort();
  }

  #endAll(): void {
    this.#opened.resolve(undefined);
    for (const stopping of this.#operations.values()) stopping.abort();
  }
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
