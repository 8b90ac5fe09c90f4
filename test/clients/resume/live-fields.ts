import { DailySales, SalesByCountry } from '../../../src/app/analytics/sales-projections.ts';
import { Orders } from '../../../src/app/orders/orders-projection.ts';
import { Products } from '../../../src/app/products/products-projection.ts';
import { Users } from '../../../src/app/users/users-projection.ts';
import type { AnyProjection, AnyRow } from '../../../src/consumption/projection.ts';
import type { StoredEvent } from '../../../src/domain/event.ts';
import type { Query } from '../../../src/domain/query.ts';

type Asked = {
  /** The subscription field. */
  readonly field: string;
  /** The field's arguments besides `after`. */
  readonly args?: string;
  readonly selection: string;
};

/** One way to watch a live field, and what it is to show. */
export type LiveField = Asked &
  (
    | {
        readonly kind: 'rows';
        readonly projection: AnyProjection;
        readonly isMeant: (row: AnyRow) => boolean;
        /** The selected fields of a row. */
        readonly shows: readonly string[];
      }
    | { readonly kind: 'events'; readonly query: Query; readonly view: (event: StoredEvent) => object }
    | { readonly kind: 'row'; readonly key: string }
    | {
        readonly kind: 'state';
        /** Whether a value is the last one, of a log that ends there. */
        readonly isLast: (value: unknown, head: number) => boolean;
      }
  );

/** Every live field of the shop, by what is watched of it. */
export const liveFields: Readonly<Record<string, LiveField>> = {
  orders: rows('orders', Orders, ['id', 'status', 'total']),
  'orders, those that are paid': rows('orders', Orders, ['id', 'status'], {
    args: 'filter: { status: { eq: PAID } }',
    isMeant: ({ status }) => status === 'PAID',
  }),
  products: rows('products', Products, ['sku', 'stock', 'unitsSold', 'revenue']),
  users: rows('users', Users, ['id', 'email', 'orderCount', 'totalSpent']),
  dailySales: rows('dailySales', DailySales, ['day', 'orders', 'units', 'revenue', 'returns']),
  countrySales: rows('countrySales', SalesByCountry, ['country', 'orders', 'units', 'revenue']),
  notifications: events({}, 'position id type', ({ position, id, type }) => ({
    position: String(position),
    id,
    type,
  })),
  'notifications of some types': events(
    { types: ['OrderPaid', 'OrderCancelled'] },
    'position type',
    ({ position, type }) => ({ position: String(position), type }),
  ),
  'notifications about one customer': events({ tags: ['customer:ada'] }, 'position', ({ position }) => ({
    position: String(position),
  })),
  'notifications, typed': events(
    { types: ['OrderPlaced', 'UserRegistered'] },
    'event { __typename ... on OrderPlaced { orderId total } ... on UserRegistered { userId email } }',
    ({ type, data }) => ({ event: { __typename: type, ...typedPart(data) } }),
  ),
  customer: { kind: 'row', field: 'customer', args: 'id: "ada"', selection: 'placed cancelled', key: 'ada' },
  projections: {
    kind: 'state',
    field: 'projections',
    selection: 'name position',
    isLast: (value, head) =>
      Array.isArray(value) && value.length > 0 && value.every(({ position }) => position === String(head)),
  },
};

/** Most live fields take `after`; that of no position of the log does not. */
export function canResume({ kind }: LiveField): boolean {
  return kind !== 'state';
}

/** The document that watches a field, with where to resume as its variable. */
export function documentOf(field: LiveField): string {
  const args = [field.args, canResume(field) ? 'after: $after' : undefined].filter(
    (arg) => arg !== undefined,
  );
  const variable = canResume(field) ? '($after: Position)' : '';
  const list = args.length === 0 ? '' : `(${args.join(', ')})`;
  return `subscription ${variable} { ${field.field}${list} { ${field.selection} } }`;
}

function rows(
  field: string,
  projection: AnyProjection,
  shows: readonly string[],
  { args = '', isMeant = () => true }: { args?: string; isMeant?: (row: AnyRow) => boolean } = {},
): LiveField {
  const selection = `kind position live removed upserted { ${shows.join(' ')} }`;
  return { kind: 'rows', field, selection, projection, shows, isMeant, ...(args !== '' && { args }) };
}

function events(
  item: { readonly types?: readonly string[]; readonly tags?: readonly string[] },
  selection: string,
  view: (event: StoredEvent) => object,
): LiveField {
  const { types, tags } = item;
  const parts = [
    ...(types ? [`types: ${JSON.stringify(types)}`] : []),
    ...(tags ? [`tags: ${JSON.stringify(tags)}`] : []),
  ];
  const args = parts.length === 0 ? {} : { args: `filter: { ${parts.join(', ')} }` };
  const query = { items: parts.length === 0 ? [] : [item] };
  return { kind: 'events', field: 'notifications', selection, query, view, ...args };
}

function typedPart(data: unknown): object {
  const of = (name: string): unknown => Object(data)[name];
  return of('orderId') === undefined
    ? { userId: of('userId'), email: of('email') }
    : { orderId: of('orderId'), total: of('total') };
}
