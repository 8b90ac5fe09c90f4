import type { PreparedEvent } from '../../domain/event.ts';
import type { Query, QueryItem } from '../../domain/query.ts';
import { sampleEvent } from './sample-events.ts';

/** 24 events: 3 types, 4 sets of tags, 2 streams, in every combination. Some names are the beginning of others. */
export function variedEvents(): readonly PreparedEvent[] {
  const types = ['A', 'AB', 'a'];
  const tags = [[], ['x:1'], ['x:10'], ['x:1', 'x:10']];
  const streams = ['S-1', 'S-10'];
  return types.flatMap((type) =>
    tags.flatMap((some) => streams.map((stream) => sampleEvent({ type, tags: some, stream }))),
  );
}

/** Each part left out or one of its values, in every combination: 120 items. */
const items: readonly QueryItem[] = combinations({
  types: [['A'], ['a', 'A'], []],
  tags: [['x:1'], ['x:10', 'x:1'], [], ['x:']],
  stream: ['S-1', 'S-'],
  afterVersion: [7],
});

/** Everything, each item alone, and each with one that differs from it in most parts. */
export const sampleQueries: readonly Query[] = [
  { items: [] },
  ...items.map((item) => ({ items: [item] })),
  ...items.map((item, index) => ({ items: [item, items[(index * 7 + 1) % items.length] ?? item] })),
];

/** Every object that has, of each member, one of its values or none. */
export function combinations<Values extends Readonly<Record<string, readonly unknown[]>>>(
  values: Values,
): readonly { readonly [Name in keyof Values]?: Values[Name][number] }[] {
  return Object.entries(values).reduce<readonly object[]>(
    (made, [name, some]) =>
      made.flatMap((object) => [object, ...some.map((value) => ({ ...object, [name]: value }))]),
    [{}],
  );
}
