import { Bell } from '../../kernel/async.ts';
import type { WakeUp } from '../../messaging/wake-up.ts';
import { openClient } from './database.ts';
import { channelOf, defaultSchema } from './tables.ts';
import { translateError } from './translate-error.ts';

/**
 * Rings when any process announces an append. It listens on a connection of its own, which postgres.js opens again when
 * it is lost; that rings too, since announcements may have passed unheard.
 */
export async function listenForAppends(url: string, schema: string = defaultSchema): Promise<WakeUp> {
  const bell = new Bell();
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
  } catch (error) {
    await client.end({ timeout: 1 });
    throw translateError(error, 'listening for appends');
  }
  const stop = (): Promise<void> => client.end({ timeout: 1 });
  return { bell, hear, stop, [Symbol.asyncDispose]: stop };
}
