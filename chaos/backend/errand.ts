import { z } from 'zod';
import { aggregate } from '../../src/domain/aggregate.ts';
import { fold } from '../../src/domain/fold.ts';
import { reject } from '../../src/domain/rejection.ts';
import { ErrandBegun, ErrandCalledOff, ErrandNoted, ErrandPostponed, ErrandRang } from './errand-events.ts';

const Delay = z.object({ id: z.string(), delay: z.number() });
const Id = z.object({ id: z.string() });

/** Nothing here keeps an errand from being noted or rung twice: what the process manager sends twice shows on the log. */
export const Errand = aggregate('Errand', {
  state: fold({ isBegun: false }).on(ErrandBegun, () => ({ isBegun: true })),
  commands: (command) => ({
    begin: command(Delay, ({ isBegun }, input) => (isBegun ? reject('ERRAND_EXISTS') : ErrandBegun(input))),
    postpone: command(Delay, ({ isBegun }, input) =>
      isBegun ? ErrandPostponed(input) : reject('UNKNOWN_ERRAND'),
    ),
    callOff: command(Id, ({ isBegun }, input) =>
      isBegun ? ErrandCalledOff(input) : reject('UNKNOWN_ERRAND'),
    ),
    note: command(Id, (_, input) => ErrandNoted(input)),
    ring: command(Id, (_, input) => ErrandRang(input)),
  }),
});
