import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shop } from '../../src/app/shop.ts';
import type { BackendDefinition } from '../../src/graphql/backend-definition.ts';
import { BoardMarked } from './board.ts';
import { errandEvents } from './errand-events.ts';
import { Boards, Errands, Inline, Slow, Unlucky } from './projections.ts';
import { Reminders } from './reminders.ts';
import { resolvers } from './resolvers.ts';

const sdl = readFileSync(join(import.meta.dirname, 'schema.graphql'), 'utf8');
const { Mutation, Subscription } = shop.resolvers;

/** The shop, and beside it what a shop should not have: slow handlers, handlers that fail, timers by the dozen. */
export const backend: BackendDefinition = {
  ...shop,
  name: 'chaos',
  typeDefs: [shop.typeDefs, sdl].flat(),
  resolvers: {
    ...shop.resolvers,
    Mutation: { ...Mutation, ...resolvers.Mutation },
    Subscription: { ...Subscription, ...resolvers.Subscription },
  },
  events: [...shop.events, BoardMarked, ...errandEvents],
  projections: [...shop.projections, Boards, Slow, Unlucky, Inline, Errands],
  processManagers: [...(shop.processManagers ?? []), Reminders],
};
