import { processManager } from '../../src/consumption/process-manager.ts';
import { Errand } from './errand.ts';
import { ErrandBegun, ErrandCalledOff, ErrandPostponed } from './errand-events.ts';
import { failForAWhile } from './ill-luck.ts';

type Progress = { readonly step: 'waiting' };

const ring = (from: Date, delay: number) => ({ name: 'ring', at: new Date(from.getTime() + delay) });

/** Notes each errand when it begins and rings once when it is due. */
export const Reminders = processManager<Progress>('reminders')
  .on(
    ErrandBegun,
    ({ data }) => data.id,
    (_, event) => {
      failForAWhile(event, 11);
      const { id, delay } = event.data;
      return {
        state: { step: 'waiting' },
        send: [Errand.commands.note(id, { id })],
        schedule: [ring(event.occurredAt, delay)],
      };
    },
  )
  .on(
    ErrandPostponed,
    ({ data }) => data.id,
    (progress, { data, occurredAt }) =>
      progress === undefined ? {} : { schedule: [ring(occurredAt, data.delay)] },
  )
  .on(
    ErrandCalledOff,
    ({ data }) => data.id,
    (progress) => (progress === undefined ? {} : { state: null }),
  )
  .onTimer('ring', (progress, id) =>
    progress === undefined ? {} : { state: null, send: [Errand.commands.ring(id, { id })] },
  );
