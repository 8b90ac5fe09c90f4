import { randomFillSync } from 'node:crypto';

// One call to the system's random source per 256 ids: per id it costs more than all the rest of the work.
const pool = Buffer.alloc(10 * 256);
let used = pool.length;
let lastMillisecond = 0;
let counter = 0;

/**
 * A new UUID version 7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then a 12-bit counter, then 62 random bits.
 * Ids of one process rise strictly (method 1 of section 6.2), so an index over them grows at its right edge only.
 */
export function createId(now: number = Date.now()): string {
  const millisecond = nextTick(now);
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const time = millisecond.toString(16).padStart(12, '0');
  const rise = counter.toString(16).padStart(3, '0');
  const random = pool.toString('hex', used, used + 8);
  used += 10;
  // The variant's two bits are 10: the digit is one of 8, 9, a, b.
  const variant = (8 + (Number.parseInt(random.charAt(0), 16) & 3)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rise}-${variant}${random.slice(1, 4)}-${random.slice(4)}`;
}

/** A clock that stands still or runs backwards must not make ids fall: the counter carries on, then borrows a millisecond. */
function nextTick(now: number): number {
  if (now > lastMillisecond) {
    lastMillisecond = now;
    counter = 0;
  } else if (counter === 0xfff) {
    lastMillisecond += 1;
    counter = 0;
  } else {
    counter += 1;
  }
  return lastMillisecond;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether `text` is written as a UUID (any version). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}
