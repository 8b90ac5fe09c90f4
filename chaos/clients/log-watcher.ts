import { type SubscriberOptions, subscribe } from './subscriber.ts';

type Connection = Pick<SubscriberOptions, 'servers' | 'random' | 'signal' | 'transport'>;

/** A client that follows the notifications from the first one on, and notices at once when one is missed or doubled. */
export class LogWatcher {
  /** The events' ids, by position from 1. */
  readonly ids: string[] = [];
  readonly faults: string[] = [];

  /** Watches until the signal aborts; the answer is how often it connected. */
  watch(connection: Connection): Promise<number> {
    return subscribe({
      ...connection,
      field: 'notifications',
      selection: 'position id',
      position: () => this.ids.length,
      take: ({ position, id }) => {
        if (Number(position) !== this.ids.length + 1)
          this.faults.push(`${connection.transport}: after ${this.ids.length} came ${position}`);
        this.ids[Number(position) - 1] = String(id);
      },
    });
  }
}
