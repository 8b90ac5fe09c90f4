import { projection } from '../../consumption/projection.ts';
import { addDecimals, subtractDecimals } from '../../kernel/decimal.ts';
import { type Line, unitsOf } from '../lines.ts';
import { ItemsReturned, OrderCancelled, OrderPlaced } from '../orders/order-events.ts';
import { countrySalesTable, dailySalesTable } from './sales-tables.ts';

type Figures = {
  readonly orders: number;
  readonly units: number;
  readonly revenue: string;
  readonly returns: string;
};
type Sale = { readonly lines: readonly Line[]; readonly total: string };

const nothing: Figures = { orders: 0, units: 0, revenue: '0', returns: '0' };

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);
const countryOf = (country: string | null): string => country ?? 'Unknown';

function sold(figures: Figures, { lines, total }: Sale): Figures {
  return {
    ...figures,
    orders: figures.orders + 1,
    units: figures.units + unitsOf(lines),
    revenue: addDecimals(figures.revenue, total),
  };
}

function cancelled(figures: Figures, { lines, total }: Sale): Figures {
  return {
    ...figures,
    orders: figures.orders - 1,
    units: figures.units - unitsOf(lines),
    revenue: subtractDecimals(figures.revenue, total),
  };
}

/** No row where nothing is left: the only order of a day was cancelled. */
function kept<Row extends Figures>(row: Row): Row | null {
  return row.orders === 0 && row.returns === '0' ? null : row;
}

function returned(figures: Figures, { total }: Sale): Figures {
  return { ...figures, returns: addDecimals(figures.returns, total) };
}

/** Sales by day. A cancelled order is taken off the day it was placed on. */
export const DailySales = projection('dailySales', dailySalesTable)
  .on(
    OrderPlaced,
    ({ occurredAt }) => dayOf(occurredAt),
    (row, { data }, day) => ({ day, ...sold(row ?? nothing, data) }),
  )
  .on(
    OrderCancelled,
    ({ data }) => data.placedOn,
    (row, { data }, day) => kept({ day, ...cancelled(row ?? nothing, data) }),
  )
  .on(
    ItemsReturned,
    ({ occurredAt }) => dayOf(occurredAt),
    (row, { data }, day) => ({ day, ...returned(row ?? nothing, data) }),
  );

/** Sales by the customer's country. */
export const SalesByCountry = projection('salesByCountry', countrySalesTable)
  .on(
    OrderPlaced,
    ({ data }) => countryOf(data.country),
    (row, { data }, country) => ({ country, ...sold(row ?? nothing, data) }),
  )
  .on(
    OrderCancelled,
    ({ data }) => countryOf(data.country),
    (row, { data }, country) => kept({ country, ...cancelled(row ?? nothing, data) }),
  )
  .on(
    ItemsReturned,
    ({ data }) => countryOf(data.country),
    (row, { data }, country) => ({ country, ...returned(row ?? nothing, data) }),
  );
