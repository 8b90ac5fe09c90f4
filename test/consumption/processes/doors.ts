import { z } from 'zod';
import { aggregate } from '../../../src/domain/aggregate.ts';
import { event } from '../../../src/domain/event.ts';
import { fold } from '../../../src/domain/fold.ts';
import { reject } from '../../../src/domain/rejection.ts';

/** A domain for process managers: guests knock at a door, which lets them in when it is open, and refuses when it is not. */

const Guest = z.object({ guest: z.string() });

export const Knocked = event('Knocked', Guest);
export const Left = event('Left', Guest);
export const Entered = event('Entered', Guest);
export const TurnedAway = event('TurnedAway', z.object({ guest: z.string(), why: z.string() }));
export const Opened = event('Opened', z.object({}));
export const Closed = event('Closed', z.object({}));

export const doorEvents = [Knocked, Left, Entered, TurnedAway, Opened, Closed];

export const Door = aggregate('Door', {
  state: fold(false)
    .on(Opened, () => true)
    .on(Closed, () => false),
  commands: (command) => ({
    open: command(z.object({}), () => Opened({})),
    close: command(z.object({}), () => Closed({})),
    enter: command(Guest, (isOpen, input) => (isOpen ? Entered(input) : reject('CLOSED'))),
  }),
});

/** What is noted about guests: never refused. */
export const Book = aggregate('Book', {
  state: fold(null),
  commands: (command) => ({
    knock: command(Guest, (_, input) => Knocked(input)),
    leave: command(Guest, (_, input) => Left(input)),
    turnAway: command(z.object({ guest: z.string(), why: z.string() }), (_, input) => TurnedAway(input)),
    refuse: command(z.object({}), () => reject('REFUSED')),
  }),
});

export const enter = (guest: string) => Door.commands.enter('front', { guest });
export const open = () => Door.commands.open('front', {});
export const close = () => Door.commands.close('front', {});
export const knock = (guest: string) => Book.commands.knock(guest, { guest });
export const leave = (guest: string) => Book.commands.leave(guest, { guest });
export const turnAway = (guest: string, why = 'closed') => Book.commands.turnAway(guest, { guest, why });
export const refuse = (guest: string) => Book.commands.refuse(guest, {});
