import { Bell } from '../../kernel/async.ts';
import type { News } from '../../messaging/news.ts';
import type { WakeUp } from '../../messaging/wake-up.ts';
import { openClient } from './database.ts';
import { PostgresNews } from './postgres-news.ts';
import { channelOf, defaultSchema, newsChannelOf } from './tables.ts';
import { translateError } from './translate-error.ts';

/** What a process hears of the others through the database. */
export interface PostgresWakeUp extends WakeUp {
  readonly news: News;
}

/**
 * Rings when any process announces an append, and hears what processes tell of themselves. It listens on a connection of its
 * own, which postgres.js opens again when it is lost; that rings too, since announcements may have passed unheard.
 */
export async function listenForAppends(url: string, schema: string = defaultSchema): Promise<PostgresWakeUp> {
  const bell = new Bell();
  const news = new PostgresNews();
  let known = 0;
  const hear = (position: number): void => {
    if (position <= known) return;
    known = position;
    bell.ring();
  };
  const client = openClient(url, { max: 1 });
  try {
    await client.listen(
      channelOf(schema),
      (position) => hear(Number(position)),
      () => bell.ring(),
    );
    await client.listen(
      newsChannelOf(schema),
      (message) => news.hear(message),
      () => {
        news.members.ring();
        news.revocations.ring();
      },
    );
  } catch (error) {
    await client.end({ timeout: 1 });
    throw translateError(error, 'listening for appends');
  }
  const stop = (): Promise<void> => client.end({ timeout: 1 });
  return { bell, hear, news, stop, [Symbol.asyncDispose]: stop };
}
