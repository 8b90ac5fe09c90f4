import type { Filter } from '../consumption/filter.ts';
import type { AnyProjection, AnyRow, StoredRow } from '../consumption/projection.ts';
import type { OrderBy, ReadModels, RowCursor } from '../consumption/read-models.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { Position } from '../persistence/event-store.ts';

/** A page of items with cursors, as the Relay Cursor Connections specification has it; `nodes` are the bare items. */
export type Connection<Node, Cursor = string> = {
  readonly edges: readonly { readonly cursor: Cursor; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
};

/** A connection field's arguments. */
export type ConnectionArguments = {
  readonly filter?: Filter | null | undefined;
  readonly orderBy?: OrderBy | undefined;
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
};

const usualPage = 50;
const largestPage = 500;

/**
 * One page of a projection's rows (https://relay.dev/graphql/connections.htm). Cursors hold the row's place in the order,
 * so a page stays right when rows come and go between two requests.
 *
 * @throws LivefoldError `BAD_USER_INPUT` for `first` with `last`, a size out of bounds, or a cursor of another order
 */
export async function readConnection<P extends AnyProjection>(
  models: Pick<ReadModels, 'rows'>,
  projection: P,
  args: ConnectionArguments,
): Promise<Connection<StoredRow<P>>> {
  const isBackwards = args.last !== null && args.last !== undefined;
  if (isBackwards && args.first !== null && args.first !== undefined)
    throw refused('last', 'Give first or last, not both.');
  const size = checkPageSize(
    isBackwards ? 'last' : 'first',
    (isBackwards ? args.last : args.first) ?? usualPage,
    largestPage,
  );
  const { filter, orderBy } = args;
  const after = decodeCursor('after', args.after, orderBy);
  const before = decodeCursor('before', args.before, orderBy);
  const rows = await models.rows(projection, {
    filter,
    orderBy,
    after,
    before,
    limit: size + 1,
    backwards: isBackwards,
  });
  const hasMore = rows.length > size;
  const nodes = isBackwards ? rows.slice(hasMore ? 1 : 0) : rows.slice(0, size);
  return toConnection(nodes, (node) => encodeCursor(projection, orderBy, node), {
    hasNextPage: isBackwards ? before !== undefined : hasMore,
    hasPreviousPage: isBackwards ? hasMore : after !== undefined,
  });
}

/** A connection of some nodes. Cursors are made when they are asked for: most pages show a few of them. */
export function toConnection<Node, Cursor extends string | Position>(
  nodes: readonly Node[],
  cursorOf: (node: Node) => Cursor,
  has: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean },
): Connection<Node, Cursor> {
  const cursorAt = (index: number): string | null => {
    const node = nodes.at(index);
    return node === undefined ? null : String(cursorOf(node));
  };
  return {
    nodes,
    get edges() {
      return nodes.map((node) => ({ cursor: cursorOf(node), node }));
    },
    pageInfo: {
      ...has,
      get startCursor() {
        return cursorAt(0);
      },
      get endCursor() {
        return cursorAt(-1);
      },
    },
  };
}

/** @throws LivefoldError `BAD_USER_INPUT` for a page size out of bounds */
export function checkPageSize(argument: string, size: number, most: number): number {
  if (size >= 0 && size <= most) return size;
  throw refused(argument, `A page has 0 to ${most} items.`);
}

function encodeCursor({ keyField }: AnyProjection, orderBy: OrderBy | undefined, row: AnyRow): string {
  const key = String(row[keyField]);
  const value = orderBy === undefined ? null : textOf(row[orderBy.field]);
  return Buffer.from(JSON.stringify([nameOf(orderBy), value, key])).toString('base64url');
}

function decodeCursor(
  argument: string,
  cursor: string | null | undefined,
  orderBy: OrderBy | undefined,
): RowCursor | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const [name, value, key] = parseCursor(cursor) ?? [];
  if (typeof key !== 'string' || !(typeof value === 'string' || value === null))
    throw refused(argument, 'This is no cursor that a page gave.');
  if (name !== nameOf(orderBy))
    throw refused(
      argument,
      'This cursor belongs to another order: a cursor goes on in the order it was made in.',
    );
  return { value, key };
}

function parseCursor(cursor: string): readonly unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(orderBy: OrderBy | undefined): string {
  return orderBy === undefined ? '' : `${orderBy.field} ${orderBy.descending ? 'desc' : 'asc'}`;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return value instanceof Date ? value.toISOString() : String(value);
}

function refused(argument: string, message: string): LivefoldError {
  return new LivefoldError('BAD_USER_INPUT', message, {
    fields: { issues: [{ path: [argument], message }] },
  });
}
