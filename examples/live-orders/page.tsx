import { useSyncExternalStore } from 'react';
import { line } from './client.ts';
import { Counter } from './counter.tsx';
import { OrderList } from './order-list.tsx';
import { Sales } from './sales.tsx';

/** The shop's counter, its sales and its orders. */
export function Page() {
  const isConnected = useSyncExternalStore(line.subscribe, line.isConnected);
  return (
    <main>
      <header>
        <h1>Live orders</h1>
        <span className={isConnected ? 'line connected' : 'line'}>
          {isConnected ? 'connected' : 'connecting …'}
        </span>
      </header>
      <Counter />
      <Sales />
      <OrderList />
    </main>
  );
}
