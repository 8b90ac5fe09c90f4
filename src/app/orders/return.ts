import { z } from 'zod';
import { aggregate } from '../../domain/aggregate.ts';
import { fold } from '../../domain/fold.ts';
import { reject } from '../../domain/rejection.ts';
import { Id } from '../amounts.ts';
import { CommandLines, type Line, totalOf } from '../lines.ts';
import { ItemsReturned } from './order-events.ts';

/** Goods that came back. */
export type ReturnDocument = {
  readonly id: string;
  readonly orderId: string | null;
  readonly customerId: string | null;
  readonly returnedAt: Date;
  readonly total: string;
  readonly lines: readonly Line[];
};

const TakeBack = z.object({
  returnId: Id,
  orderId: Id.nullable(),
  customerId: Id.nullable(),
  country: z.string().nullable(),
  lines: CommandLines,
});

/** A return: a document of its own, whether or not the order is known. */
export const Returns = aggregate('Return', {
  state: fold<ReturnDocument | null>(null).on(ItemsReturned, (_, { data, occurredAt }) => ({
    ...data,
    id: data.returnId,
    returnedAt: occurredAt,
  })),
  commands: (command) => ({
    takeBack: command(TakeBack, (existing, input) =>
      existing === null
        ? ItemsReturned({ ...input, total: totalOf(input.lines) })
        : reject('RETURN_EXISTS', `there is a return ${input.returnId} already`),
    ),
  }),
});
