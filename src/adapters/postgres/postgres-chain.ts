import { asc, desc, eq, sql } from 'drizzle-orm';
import { type ChainLink, chainStep, type LogChain } from '../../persistence/log-chain.ts';
import type { Database, Session } from './database.ts';
import { defaultSchema, livefoldTables } from './tables.ts';
import { translated } from './translate-error.ts';

/** The hash chain of one application's log. */
export function createPostgresChain(
  { session }: Pick<Database, 'session'>,
  schema: string = defaultSchema,
): LogChain {
  const { chain } = livefoldTables(schema);

  async function lastLink(on: Session): Promise<ChainLink | null> {
    const [last] = await on.select().from(chain).orderBy(desc(chain.position)).limit(1);
    return last ?? null;
  }

  async function addLink(on: Session, link: ChainLink, previous: ChainLink | null): Promise<boolean> {
    // One at a time: of several processes that go on from the same link, only the first one may. Its row alone cannot be
    // the lock, since an empty chain has none and one at a thousand stays as it is.
    await on.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${schema}_chain`}, 0))`);
    const newest = await lastLink(on);
    if (newest?.position !== previous?.position || newest?.hash !== previous?.hash) return false;
    await on.insert(chain).values(link);
    if (previous !== null && previous.position % chainStep !== 0)
      await on.delete(chain).where(eq(chain.position, previous.position));
    return true;
  }

  return {
    lastLink: () => translated('reading the hash chain', () => lastLink(session)),

    addLink: (link, previous) =>
      translated('continuing the hash chain', () =>
        session.transaction((transaction) => addLink(transaction, link, previous)),
      ),

    readLinks: () =>
      translated('reading the hash chain', async (): Promise<readonly ChainLink[]> => {
        return session.select().from(chain).orderBy(asc(chain.position));
      }),
  };
}
