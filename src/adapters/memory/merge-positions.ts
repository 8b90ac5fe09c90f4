import { lowest } from '../../kernel/lowest.ts';

/** Rising positions, of which those before the place `from` are not meant. */
export type PositionSource = { readonly positions: readonly number[]; readonly from: number };

/** Both ends are exclusive. */
export type PositionRange = {
  readonly after: number;
  readonly before: number;
  readonly backwards?: boolean;
};

/** The positions of all sources within a range, each once and in order; without sources, all positions of the range. */
export function* mergePositions(
  sources: readonly PositionSource[] | undefined,
  range: PositionRange,
): Generator<number> {
  const { after, before, backwards = false } = range;
  if (sources === undefined) {
    for (let n = 1; n < before - after; n += 1) yield backwards ? before - n : after + n;
    return;
  }
  const lists = sources.map((source) => within(source, range));
  for (;;) {
    const next = lists.reduce((nearest, list) => choose(nearest, list.next, backwards), 0);
    if (next === 0) return;
    for (const list of lists) if (list.next === next) list.advance();
    yield next;
  }
}

/** The place of the first position that is at least this one. */
function placeOf(positions: readonly number[], least: number): number {
  return lowest(0, positions.length, (place) => (positions[place] ?? least) >= least);
}

type List = { next: number; readonly advance: () => void };

/** A source's positions one by one; `next` is 0 at the end. */
function within({ positions, from }: PositionSource, { after, before, backwards }: PositionRange): List {
  const first = Math.max(from, placeOf(positions, after + 1));
  const end = placeOf(positions, before);
  let index = backwards ? end - 1 : first;
  const here = (): number => (index >= first && index < end ? (positions[index] ?? 0) : 0);
  const list = {
    next: here(),
    advance() {
      index += backwards ? -1 : 1;
      list.next = here();
    },
  };
  return list;
}

function choose(one: number, other: number, backwards: boolean): number {
  if (one === 0 || other === 0) return one + other;
  return backwards ? Math.max(one, other) : Math.min(one, other);
}
