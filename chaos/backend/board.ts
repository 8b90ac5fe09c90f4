import { z } from 'zod';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';

const Mark = z.object({ id: z.string(), mark: z.string(), writer: z.string() });

export const BoardMarked = event('BoardMarked', Mark);

/** A few streams that all writers append to. A command that is carried out twice leaves the same mark twice. */
export const Board = aggregate('Board', {
  state: fold({}),
  commands: (command) => ({ mark: command(Mark, (_, input) => BoardMarked(input)) }),
});
