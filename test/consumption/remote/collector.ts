import { z } from 'zod';
import { application } from '../../../src/consumption/system/application.ts';
import { system } from '../../../src/consumption/system/system.ts';
import { aggregate } from '../../../src/domain/aggregate.ts';
import { event } from '../../../src/domain/event.ts';
import { fold } from '../../../src/domain/fold.ts';
import { Counted } from '../counters.ts';

/** What was heard of another log, one by one: it is heard again where it is carried twice. */
const note = z.object({ id: z.string(), position: z.number() });
const Heard = event('Heard', note);

const Notebook = aggregate('Notebook', {
  state: fold({}),
  commands: (command) => ({ note: command(note, (_, input) => Heard(input)) }),
});

const Counters = application('Counters', { events: [Counted] });
const Collector = application('Collector', { events: [Heard] }).on(Counted, ({ id, position }) => [
  Notebook.commands.note('one', { id, position }),
]);

export const collecting = system({ pipes: [[Counters, Collector]] });
