import type postgres from 'postgres';

/** Far more than Livefold and an application have statements of their own. */
const mostTexts = 500;

/**
 * Lets a client prepare a bounded number of different statements; others run unprepared. Neither postgres.js 3.4.9 nor the
 * server ever lets go of a prepared statement, and clients who choose their own filters make any number of them.
 */
export function boundStatements(client: postgres.Sql): postgres.Sql {
  const texts = new Set<string>();
  const unsafe = client.unsafe.bind(client);
  const isPrepared = (text: string): boolean => {
    if (texts.size < mostTexts) texts.add(text);
    return texts.has(text);
  };
  const bound: typeof unsafe = (text, parameters, options) =>
    unsafe(
      text,
      parameters,
      options?.prepare && !isPrepared(text) ? { ...options, prepare: false } : options,
    );
  return Object.assign(client, { unsafe: bound });
}
