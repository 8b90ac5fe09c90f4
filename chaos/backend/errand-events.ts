import { z } from 'zod';
import { event } from '../../src/domain/event.ts';

/** Somebody is to be reminded after so many milliseconds. */
export const ErrandBegun = event('ErrandBegun', z.object({ id: z.string(), delay: z.number() }));
export const ErrandPostponed = event('ErrandPostponed', z.object({ id: z.string(), delay: z.number() }));
export const ErrandCalledOff = event('ErrandCalledOff', z.object({ id: z.string() }));
/** What the process manager made of the beginning. */
export const ErrandNoted = event('ErrandNoted', z.object({ id: z.string() }));
/** What it made of the timer. */
export const ErrandRang = event('ErrandRang', z.object({ id: z.string() }));

export const errandEvents = [ErrandBegun, ErrandPostponed, ErrandCalledOff, ErrandNoted, ErrandRang];
