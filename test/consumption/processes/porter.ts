import { processManager } from '../../../src/consumption/process-manager.ts';
import { enter, Knocked, leave, turnAway } from './doors.ts';

type Guest = { readonly knocks: number; readonly refusals: number };

/** Lets each guest who knocks in, and sees to it that the guest leaves; turns one away for whom the door is closed. */
export const porter = processManager<Guest>('porter')
  .on(
    Knocked,
    ({ data }) => data.guest,
    ({ knocks, refusals } = { knocks: 0, refusals: 0 }, { data: { guest } }) => ({
      state: { knocks: knocks + 1, refusals },
      send: [enter(guest), leave(guest)],
    }),
  )
  .onRejection('CLOSED', ({ knocks, refusals } = { knocks: 0, refusals: 0 }, _, guest) => ({
    state: { knocks, refusals: refusals + 1 },
    send: [turnAway(guest)],
  }));
