/** Where the time comes from: the runtime passes one in, so that commands and folds never ask for it themselves. */
export type Clock = () => Date;

/** The machine's clock. */
export const systemClock: Clock = () => new Date();
