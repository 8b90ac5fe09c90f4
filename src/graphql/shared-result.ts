import type { ExecutionResult } from 'graphql';

/** A result for any number of clients, written once: as JSON, and as the bytes of each transport where one is asked for. */
export class SharedResult {
  readonly #json: string;
  readonly #position: unknown;
  #event: Buffer | undefined;
  #messageEnd: Buffer | undefined;

  constructor(result: ExecutionResult) {
    this.#json = JSON.stringify(result);
    this.#position = result.extensions?.position;
  }

  /** As a server-sent event, whose `id` is its position. */
  get event(): Buffer {
    const id = typeof this.#position === 'string' ? `id: ${this.#position}\n` : '';
    // JSON text has no line breaks of its own, which would end the field.
    this.#event ??= Buffer.from(`event: next\n${id}data: ${this.#json}\n\n`);
    return this.#event;
  }

  /** What follows `messageStart` in a WebSocket message. */
  get messageEnd(): Buffer {
    this.#messageEnd ??= Buffer.from(`${this.#json}}`);
    return this.#messageEnd;
  }
}

/** How the messages of one operation begin, in the `graphql-transport-ws` protocol. */
export function messageStart(operationId: string): Buffer {
  return Buffer.from(`{"id":${JSON.stringify(operationId)},"type":"next","payload":`);
}
