import { z } from 'zod';
import { liveProjection } from '../../src/consumption/live-projection.ts';
import { aggregate } from '../../src/domain/aggregate.ts';
import { event, type StoredEvent } from '../../src/domain/event.ts';
import { fold } from '../../src/domain/fold.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { liveProjectionField, readLive } from '../../src/graphql/live-projection-field.ts';

/** Money goes from purse to purse: an event that is in the stream of one is about both. */
export const Given = event(
  'Given',
  z.object({ from: z.string(), to: z.string(), coins: z.number(), thanks: z.string() }),
  {
    tags: ({ from, to }) => [`purse:${from}`, `purse:${to}`],
    personal: { subject: ({ from }) => `owner:${from}`, erased: { thanks: 'somebody' } },
  },
);
export const Lost = event('Lost', z.object({ purse: z.string() }), {
  tags: ({ purse }) => [`purse:${purse}`],
});
export const Polished = event('Polished', z.object({ purse: z.string() }), {
  tags: ({ purse }) => [`purse:${purse}`],
});
export const OwnerForgotten = event('OwnerForgotten', z.object({ owner: z.string() }), {
  forgets: ({ owner }) => [`owner:${owner}`],
});

export type PurseRow = { readonly coins: number; readonly moves: number; readonly lastThanks: string | null };

/** What is in a purse. One that is lost has no row; polishing changes nothing. */
export const Purses = liveProjection<PurseRow>('purses', (purse) => ({
  items: [{ tags: [`purse:${purse}`] }],
}))
  .on(Given, (row, { data }, purse) => ({
    coins: (row?.coins ?? 0) + (data.to === purse ? data.coins : 0) - (data.from === purse ? data.coins : 0),
    moves: (row?.moves ?? 0) + 1,
    lastThanks: data.thanks,
  }))
  .on(Lost, () => null)
  .on(Polished, () => undefined);

/** The row as the whole log says it, without a reader. */
export function purseOf(purse: string, events: readonly StoredEvent[]): PurseRow | null {
  const about = events.filter(({ tags }) => tags.includes(`purse:${purse}`));
  return Purses.state.run(about, { key: purse, row: undefined }).row ?? null;
}

export const Purse = aggregate('Purse', {
  state: fold(0),
  commands: (command) => ({
    give: command(Given.schema, (_, input) => Given(input)),
    lose: command(Lost.schema, (_, input) => Lost(input)),
    polish: command(Polished.schema, (_, input) => Polished(input)),
    forget: command(OwnerForgotten.schema, (_, input) => OwnerForgotten(input)),
  }),
});

/** A backend of purses alone: nothing in it has a table. */
export const purses: BackendDefinition = {
  name: 'purses',
  typeDefs: /* GraphQL */ `
    type Purse { coins: Int!, moves: Int!, lastThanks: String }
    extend type Query { purse(id: ID!, asOf: Position, atLeast: Position): Purse }
    extend type Subscription { purse(id: ID!, after: Position): Purse }
  `,
  resolvers: {
    Query: {
      purse: async (_: unknown, { id, asOf, atLeast }: Asked, context: Parameters<typeof readLive>[0]) => {
        const moment = typeof asOf === 'number' ? { position: asOf } : undefined;
        return (await readLive(context, Purses, id, { asOf: moment, atLeast })).row;
      },
    },
    Subscription: { purse: liveProjectionField('purse', Purses, ({ id }: Asked) => id) },
  },
  events: [Given, Lost, Polished, OwnerForgotten],
  projections: [],
};

type Asked = { readonly id: string; readonly asOf?: number | null; readonly atLeast?: number | null };
