import { destination, pino } from 'pino';
import type { Logger } from '../kernel/log.ts';

/** A logger that writes one JSON object a line to standard error, so that standard output stays for people and data. */
export function createLogger(level: string): Logger {
  return pino({ level }, destination({ fd: 2, sync: true }));
}
