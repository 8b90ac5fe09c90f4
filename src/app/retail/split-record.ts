/**
 * The cells of one CSV record by RFC 4180, or `null` when its quotes are broken: a quote within a bare cell, one that
 * never closes, or text after a closing one.
 */
export function splitRecord(record: string): readonly string[] | null {
  const cells: string[] = [];
  for (let at = 0; ; at += 1) {
    const isQuoted = record[at] === '"';
    const end = isQuoted ? quotedEnd(record, at) : bareEnd(record, at);
    if (end === -1) return null;
    const cell = record.slice(at, end);
    if (!isQuoted && cell.includes('"')) return null;
    cells.push(isQuoted ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === record.length) return cells;
    if (record[end] !== ',') return null;
    at = end;
  }
}

/** Where the quoted cell that starts at `open` ends; -1: nowhere. A doubled quote stands for one and closes nothing. */
function quotedEnd(record: string, open: number): number {
  let at = record.indexOf('"', open + 1);
  while (at !== -1 && record[at + 1] === '"') at = record.indexOf('"', at + 2);
  return at === -1 ? -1 : at + 1;
}

function bareEnd(record: string, start: number): number {
  const comma = record.indexOf(',', start);
  return comma === -1 ? record.length : comma;
}
