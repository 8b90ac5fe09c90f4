import { shop } from '../../src/app/shop.ts';
import type { ServeOptions } from '../../src/main/serve.ts';
import { GuardedServer, type ServerCaller } from '../support/guarded-server.ts';

export type GuardedShop = GuardedServer;
export type ShopCaller = ServerCaller;

/** A shop that knows its callers: on a database of its own, or beside another one. */
export const GuardedShop = {
  serve: (beside?: GuardedShop, options: ServeOptions = {}): Promise<GuardedShop> =>
    GuardedServer.serve(shop, { ...options, beside }),
};
