import { Client, cacheExchange, fetchExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { livefoldExchange } from 'livefold/urql';

const { host, origin, protocol } = window.location;

/** A socket that only seems open is given up after so many milliseconds without an answer. */
const patience = 5_000;

/** Carries the live fields. Coming back when the line is lost is the exchange's part. */
const socket = createClient({
  url: `${protocol.replace('http', 'ws')}//${host}/graphql`,
  retryAttempts: 0,
  keepAlive: 10_000,
  on: watchLine(),
});

export const client = new Client({
  url: `${origin}/graphql`,
  preferGetMethod: false,
  exchanges: [
    cacheExchange,
    livefoldExchange({ transport: socket, keys: { products: 'sku' } }),
    fetchExchange,
  ],
});

let isConnected = false;
const listeners = new Set<() => void>();

/** Whether the line to the server is there, for `useSyncExternalStore`. */
export const line = {
  isConnected: (): boolean => isConnected,
  subscribe: (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** What the socket tells of itself; a ping that gets no pong ends it. */
function watchLine() {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const tell = (connected: boolean): void => {
    clearTimeout(waiting);
    isConnected = connected;
    for (const listener of listeners) listener();
  };
  return {
    connected: () => tell(true),
    closed: () => tell(false),
    ping: (isReceived: boolean) => {
      if (!isReceived) waiting = setTimeout(() => socket.terminate(), patience);
    },
    pong: (isReceived: boolean) => {
      if (isReceived) clearTimeout(waiting);
    },
  };
}
