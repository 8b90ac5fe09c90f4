import type postgres from 'postgres';

/**
 * What postgres.js 3.4.9 asks when it has sent a statement: with `false` it sends no other one down the connection before the
 * answer is there. (Its option `max_pipeline` is no way: a transaction that begins where it says no fails.)
 */
const alone = { onexecute: () => false };

/**
 * Has each connection of a pool do one statement at a time; what finds none free waits for the first that is. By itself the
 * driver sends up to a hundred down a busy connection, behind one that may be waiting for a lock; and the answer of one that
 * is cancelled there goes to the next, which may be another caller's. What that saved is little: a round trip on a connection
 * that is there for others as well.
 */
export function oneAtATime(client: postgres.Sql): postgres.Sql {
  const unsafe = client.unsafe.bind(client);
  const single: typeof unsafe = (text, parameters, options) =>
    unsafe(text, parameters, { ...alone, ...options });
  return Object.assign(client, { unsafe: single });
}
