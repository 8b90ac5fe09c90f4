import type { Filter } from '../../consumption/filter.ts';
import { waitForProjections } from '../../graphql/at-least.ts';
import { liveField } from '../../graphql/live-field.ts';
import type { Resolvers } from '../shop-schema.ts';
import { DailySales, SalesByCountry } from './sales-projections.ts';

/** More days and countries than there can be: both lists are whole. */
const everyRow = 1_000_000;

type Days = { readonly from?: string | null | undefined; readonly to?: string | null | undefined };

const between = ({ from, to }: Days): Filter => ({ day: { gte: from, lte: to } });

export const analyticsResolvers: Resolvers = {
  Query: {
    dailySales: async (_, { atLeast, ...days }, { backend, signal }) => {
      await waitForProjections(backend, [DailySales.name], atLeast, signal);
      return backend.models.rows(DailySales, { filter: between(days), limit: everyRow });
    },
    salesByCountry: async (_, { atLeast }, { backend, signal }) => {
      await waitForProjections(backend, [SalesByCountry.name], atLeast, signal);
      return backend.models.rows(SalesByCountry, {
        orderBy: { field: 'revenue', descending: true },
        limit: everyRow,
      });
    },
  },
  Subscription: {
    dailySales: liveField('dailySales', DailySales, between),
  },
};
