/** What Livefold needs of a logger; pino's loggers are this. Facts first, then a sentence. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** A logger that says nothing: for tests and tools that print for themselves. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
