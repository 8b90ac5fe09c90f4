import type { AnyEventDefinition, DataOf, StoredEvent, TypeOf } from '../domain/event.ts';
import { type Fold, fold } from '../domain/fold.ts';
import type { Query } from '../domain/query.ts';
import { LivefoldError } from '../kernel/errors.ts';
import type { RowFold } from './projection.ts';

/** What a live projection folds: the row of one key, undefined where its events leave none. */
export type LiveState<Row> = { readonly key: string; readonly row: Row | undefined };

/** A projection without a table: the row of a key is folded from the key's events whenever somebody asks for it. */
export class LiveProjection<Row> {
  readonly name: string;
  /** The events that a key's row is folded from. */
  readonly query: (key: string) => Query;
  /** How they make the row. */
  readonly state: Fold<LiveState<Row>>;

  constructor(name: string, query: (key: string) => Query, state: Fold<LiveState<Row>>) {
    this.name = name;
    this.query = query;
    this.state = state;
  }

  /**
   * This projection, handling one event type more, as a projection into a table does: the answer is the new row, `null` to
   * delete it, or undefined to leave it as it is. A second handler for a type is refused.
   */
  on<Definition extends AnyEventDefinition>(
    definition: Definition,
    handle: RowFold<Row, StoredEvent<TypeOf<Definition>, DataOf<Definition>>>,
  ): LiveProjection<Row> {
    if (this.state.types.includes(definition.type))
      throw new LivefoldError(
        'DUPLICATE_HANDLER',
        `The live projection "${this.name}" handles ${definition.type} twice.`,
      );
    type Known = StoredEvent<TypeOf<Definition>, DataOf<Definition>>;
    const state = this.state.on(definition, (live, event) => {
      // What is folded here comes from the log.
      const row = handle(live.row, event as Known, live.key);
      return row === undefined || row === live.row ? live : { key: live.key, row: row ?? undefined };
    });
    return new LiveProjection(this.name, this.query, state);
  }
}

/**
 * Starts a live projection: `liveProjection<Row>('timeline', (orderId) => streamQuery(`Order-${orderId}`)).on(…)…`. A key's
 * query should name its stream or its tags: they are what the database finds its events by.
 */
export function liveProjection<Row>(name: string, query: (key: string) => Query): LiveProjection<Row> {
  return new LiveProjection<Row>(name, query, fold<LiveState<Row>>({ key: '', row: undefined }));
}
