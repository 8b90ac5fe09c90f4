import type { ServerResponse } from 'node:http';
import { mostUnsent, type Outlet } from './outlet.ts';

/** The outlet of a subscription over server-sent events. */
export function eventStreamOutlet(response: ServerResponse): Outlet {
  const isFree = (): boolean => response.writableLength <= mostUnsent;
  return {
    get isFree() {
      return isFree();
    },
    async whenFree() {
      if (isFree() || response.destroyed) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      response.once('drain', resolve).once('close', resolve);
      await promise;
      response.off('drain', resolve).off('close', resolve);
    },
    send(result) {
      if (!response.destroyed) response.write(result.event);
    },
  };
}
