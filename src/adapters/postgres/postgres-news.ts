import { type SQL, sql } from 'drizzle-orm';
import { Bell } from '../../kernel/async.ts';
import type { News } from '../../messaging/news.ts';
import { newsChannelOf } from './tables.ts';

/** Says that a process came, left or gave something up. A move is a position, a space and the unit's name. */
const membersNews = 'members';
/** Says that tokens were revoked. */
export const revocationNews = 'revoked';

/** Has all processes look around, with the commit of the statement around it. */
export function announceMembers(schema: string): SQL {
  return sql`pg_notify(${newsChannelOf(schema)}, ${membersNews})`;
}

/** Tells the other processes, with the commit of the statement around it, that a unit has come to a position. */
export function announceMove(schema: string, unit: string, position: number): SQL {
  return sql`pg_notify(${newsChannelOf(schema)}, ${`${position} ${unit}`})`;
}

const parkedNews = 'parked ';
const amendedNews = 'amended ';

/** Tells all processes, with the commit of the statement around it, that something about a consumer's parked keys is to be looked at. */
export function announceParked(schema: string, consumer: string, { hasChanged = false } = {}): SQL {
  return sql`pg_notify(${newsChannelOf(schema)}, ${`${hasChanged ? amendedNews : parkedNews}${consumer}`})`;
}

/** The news that a LISTEN connection hears. */
export class PostgresNews implements News {
  readonly members = new Bell();
  readonly revocations = new Bell();
  readonly #listeners: ((unit: string, position: number) => void)[] = [];
  readonly #parkedListeners: ((consumer: string, hasChanged: boolean) => void)[] = [];

  onMove(listener: (unit: string, position: number) => void): void {
    this.#listeners.push(listener);
  }

  onParked(listener: (consumer: string, hasChanged: boolean) => void): void {
    this.#parkedListeners.push(listener);
  }

  hear(message: string): void {
    if (message === membersNews) this.members.ring();
    for (const kind of [parkedNews, amendedNews])
      if (message.startsWith(kind))
        for (const listener of this.#parkedListeners)
          listener(message.slice(kind.length), kind === amendedNews);
    if (message === revocationNews) this.revocations.ring();
    const [, position, unit] = /^(\d+) (.+)$/s.exec(message) ?? [];
    if (unit === undefined) return;
    for (const listener of this.#listeners) listener(unit, Number(position));
  }
}
