/** Lines of columns as wide as they have to be; those of the indexes given stand to the right. */
export function textTable(
  rows: readonly (readonly string[])[],
  toTheRight: readonly number[],
): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return toTheRight.includes(index) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
