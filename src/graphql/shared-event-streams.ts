import type { IncomingMessage, ServerResponse } from 'node:http';
import { sleep } from '../kernel/async.ts';
import { requestError } from './http-errors.ts';
import type { Places } from './places.ts';
import type { Pulse } from './pulse.ts';
import { SharedEventStream } from './shared-event-stream.ts';

/** So long a reservation waits for its client, in milliseconds. */
const patience = 10_000;
/** Reservations cost their maker little: so many may wait at a time, and so many of one address. */
const mostReserved = 1_000;
const mostReservedByOne = 100;

export type SharedEventStreamsOptions = {
  readonly operationsPerSocket: number;
  /** Aborts when the server begins to stop. */
  readonly stopping: AbortSignal;
  readonly pulse: Pulse;
  readonly places: Places;
};

/** The shared event streams of a server, by their tokens. */
export class SharedEventStreams {
  readonly #options: SharedEventStreamsOptions;
  readonly #streams = new Map<string, SharedEventStream>();
  /** How many wait for their clients, by address. */
  readonly #reserved = new Map<string, number>();
  #allReserved = 0;

  constructor(options: SharedEventStreamsOptions) {
    this.#options = options;
  }

  /**
   * The stream that a request names, in the header `x-graphql-event-stream-token` or, since `EventSource` sends no headers, in its URL.
   *
   * @throws GraphQLError 404 for one that there is not
   */
  find({ headers, url = '' }: IncomingMessage): SharedEventStream | undefined {
    const inHeader = headers['x-graphql-event-stream-token'];
    const token = typeof inHeader === 'string' ? inHeader : parametersOf(url).get('token');
    if (token === null) return undefined;
    const stream = this.#streams.get(token);
    if (stream !== undefined) return stream;
    throw requestError(404, 'NOT_FOUND', 'There is no event stream of this token: reserve another one.');
  }

  /**
   * Answers what is about a stream itself: `PUT` reserves one, `GET` opens it, `DELETE` ends one of its operations. Whatever else is for the caller: false.
   *
   * @throws GraphQLError
   */
  async answer(request: IncomingMessage, response: ServerResponse, address: string): Promise<boolean> {
    if (request.method === 'PUT') {
      const { token } = this.#reserve(address);
      response.writeHead(201, { 'content-type': 'text/plain; charset=utf-8' }).end(token);
      return true;
    }
    const stream = this.find(request);
    if (stream === undefined || request.method === 'POST') return false;
    if (request.method === 'GET') {
      if (stream.isOpen) throw requestError(409, 'BAD_REQUEST', 'The event stream is open already.');
      await this.#carry(stream, request, response);
      return true;
    }
    if (request.method !== 'DELETE') return false;
    stream.stop(parametersOf(request.url ?? '').get('operationId') ?? '');
    response.writeHead(200).end();
    return true;
  }

  async #carry(stream: SharedEventStream, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { stopping, pulse, places } = this.#options;
    const leave = places.take();
    if (leave === null) throw places.refusal();
    response.once('close', leave);
    // An EventSource can send no header.
    const seesOnlyEvents = request.headers['x-graphql-event-stream-token'] === undefined;
    await stream.carry(response, { stopping, pulse, seesOnlyEvents });
  }

  /** @throws GraphQLError `UNAVAILABLE` when too many were reserved just now */
  #reserve(address: string): SharedEventStream {
    const own = this.#reserved.get(address) ?? 0;
    if (this.#allReserved >= mostReserved || own >= mostReservedByOne)
      throw requestError(503, 'UNAVAILABLE', 'Too many event streams are being reserved: try again shortly.');
    const stream = new SharedEventStream(this.#options.operationsPerSocket);
    this.#streams.set(stream.token, stream);
    stream.over.addEventListener('abort', () => this.#streams.delete(stream.token), { once: true });
    this.#count(address, 1);
    void this.#expect(stream, address);
    return stream;
  }

  async #expect(stream: SharedEventStream, address: string): Promise<void> {
    await sleep(patience, AbortSignal.any([stream.begun, stream.over, this.#options.stopping]));
    this.#count(address, -1);
    if (!stream.isOpen) stream.close();
  }

  #count(address: string, change: 1 | -1): void {
    this.#allReserved += change;
    const own = (this.#reserved.get(address) ?? 0) + change;
    if (own === 0) this.#reserved.delete(address);
    else this.#reserved.set(address, own);
  }
}

function parametersOf(url: string): URLSearchParams {
  const start = url.indexOf('?');
  return new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
}
