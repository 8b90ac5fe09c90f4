const ISO = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$/;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2})$/;

/**
 * The time that an `InvoiceDate` names, in milliseconds since 1970, or `null`. The format has two spellings,
 * `2010-12-01 08:26:00` and `12/1/2010 8:26` (month first), and no time zone: both are read as UTC.
 */
export function parseInvoiceDate(text: string): number | null {
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second] = iso;
    return timeOf([year, month, day, hour, minute, second].map(Number));
  }
  const american = AMERICAN.exec(text);
  if (american === null) return null;
  const [, month, day, year, hour, minute] = american;
  return timeOf([year, month, day, hour, minute, 0].map(Number));
}

/** `Date.UTC` rolls 30 February over into March and puts the year 10 into 1910: only what reads back the same is a date. */
function timeOf([year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0]: readonly number[]):
  | number
  | null {
  if (hour > 23 || minute > 59 || second > 59) return null;
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(time);
  const isSame =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isSame ? time : null;
}
