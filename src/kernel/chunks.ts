/** Items in arrays of a size; the last one has the rest, which may be empty. What comes before an error comes before it here too. */
export async function* chunks<Item>(
  items: AsyncIterable<Item>,
  size: number,
): AsyncGenerator<readonly Item[]> {
  let some: Item[] = [];
  try {
    for await (const item of items) {
      some.push(item);
      if (some.length < size) continue;
      yield some;
      some = [];
    }
  } catch (error) {
    if (some.length > 0) yield some;
    throw error;
  }
  yield some;
}
