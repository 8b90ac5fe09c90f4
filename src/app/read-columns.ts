import { bigint, customType } from 'drizzle-orm/pg-core';

/** The column that every read table has: the position of the event that last changed the row. */
export const position = () => bigint('position', { mode: 'number' }).notNull();

/** A text key compared by its bytes, as ids are. */
export const key = customType<{ data: string }>({ dataType: () => 'text collate "C"' });

/** A count that may outgrow 32 bits: a number up to 2^53 − 1. */
export const count = (name: string) => bigint(name, { mode: 'number' });
