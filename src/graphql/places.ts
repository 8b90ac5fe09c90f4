import type { GraphQLError } from 'graphql';
import { requestError } from './http-errors.ts';
import type { Limits } from './limits.ts';

/** The places of a server for clients that stay: WebSockets and event streams. */
export class Places {
  readonly #most: number;
  #taken = 0;

  constructor({ connections }: Pick<Limits, 'connections'>) {
    this.#most = connections;
  }

  /** Takes a place and gives back how to leave it; null when all are taken. */
  take(): (() => void) | null {
    if (this.#taken >= this.#most) return null;
    this.#taken += 1;
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      this.#taken -= 1;
    };
  }

  /** What a client is told that finds no place. */
  refusal(): GraphQLError {
    const message = `The server has ${this.#most} connections open and takes no more: try again later.`;
    return requestError(503, 'LIMIT_EXCEEDED', message, { limit: 'connections' });
  }
}
