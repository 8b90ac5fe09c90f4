import { type Database, openDatabase } from '../../../src/adapters/postgres/database.ts';

type Pooled = AsyncDisposable & { readonly session: Database['session'] };

/**
 * A Drizzle database of which each use gets another connection, as behind a pooler in transaction mode: what a statement
 * leaves on its connection, the next one does not find.
 */
export function openPooled(url: string): Pooled {
  const databases = [1, 2, 3].map(() => openDatabase(url, { connections: 1 }));
  const [first] = databases;
  if (first === undefined) throw new Error('no database');
  let turn = 0;
  const session = new Proxy(first.session, {
    get(_, property) {
      turn += 1;
      const next = databases[turn % databases.length] ?? first;
      const value: unknown = Reflect.get(next.session, property);
      return typeof value === 'function' ? value.bind(next.session) : value;
    },
  });
  return {
    session,
    async [Symbol.asyncDispose]() {
      await Promise.all(databases.map((database) => database.close()));
    },
  };
}
